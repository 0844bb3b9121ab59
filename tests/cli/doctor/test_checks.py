"""What the checks say of what was seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.doctor.checks import api, machine, redis, server
from orchestrator.cli.doctor.checks.clocks import clock_of
from orchestrator.cli.doctor.checks.websocket import websockets_open
from orchestrator.cli.doctor.findings import Finding, Level
from orchestrator.cli.doctor.probes.api import Api
from orchestrator.cli.doctor.probes.machine import Machine, file_system_of
from orchestrator.cli.doctor.probes.redis import Redis


def a_machine(**facts):
    made = {
        "python": (3, 12, 1),
        "knows_time_zones": True,
        "home": Path("/srv/orchestrator"),
        "home_exists": True,
        "home_is_open": False,
        "free_bytes": 50_000_000_000,
        "all_bytes": 100_000_000_000,
        "file_system": "ext4",
    }
    return Machine(**made | facts)


def an_api(**facts):
    made = {
        "address": "http://host/api",
        "contract_version": "3.8.8",
        "took_seconds": 0.01,
        "services": (a_service("scheduler"),),
        "pools": (),
    }
    return Api(**made | facts)


def a_service(name, condition="ok", **facts):
    made = {"name": name, "condition": condition, "last_started_at": None, "last_error": None, "failures_in_a_row": 0}
    return made | facts


def a_pool(*workers, waiting=0, **facts):
    made = {"name": "cluster", "type": "celery", "is_paused": False, "workers": list(workers), "waiting": waiting}
    return made | facts


def facts(*, database=None, **settings):
    return {
        "version": "0.1.0",
        "django": "5.2.1",
        "settings": {
            "public_url": "http://127.0.0.1:4200",
            "allowed_hosts": ["localhost", "127.0.0.1"],
            "asks_who_calls": False,
            "debug": False,
            "secret_key_length": 64,
            "redis_url": "",
            "http_threads": 4,
            **settings,
        },
        "database": {
            "kind": "sqlite",
            "name": "the SQLite file x",
            "error": None,
            "version": "3.45.0",
            "journal_mode": "wal",
            "file": "/srv/orchestrator/orchestrator.db",
            "pending": [],
            "unknown": [],
            "web_processes": [{"since": "now"}],
            **(database or {}),
        },
    }


def of_postgresql(**columns):
    made = {"kind": "postgresql", "version": "16.2 (Debian)", "most_connections": 100, "used_connections": 10}
    return facts(database={**made, "isolation": "read committed", **columns})


def levels(found):
    findings = [found] if isinstance(found, Finding) else list(found)
    return [finding.level.value for finding in findings]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (machine.python_version(a_machine()), ["ok"]),
        (machine.python_version(a_machine(python=(3, 9, 2))), ["problem"]),
        (machine.time_zones(a_machine(knows_time_zones=False)), ["problem"]),
        (machine.disk_space(a_machine()), ["ok"]),
        (machine.disk_space(a_machine(free_bytes=600_000_000)), ["warning"]),
        (machine.disk_space(a_machine(free_bytes=50_000_000)), ["problem"]),
        (machine.secrets_are_private(a_machine()), ["ok"]),
        (machine.secrets_are_private(a_machine(readable=(("secret_key", "-rw-r--r--"),))), ["problem"]),
        (machine.secrets_are_private(a_machine(home_is_open=True)), ["problem"]),
        (machine.home_on_this_machine(a_machine(file_system="nfs4")), ["problem"]),
        (machine.home_on_this_machine(a_machine(file_system=None)), ["ok"]),
    ],
)
def test_judges_the_machine(found, expected):
    assert levels(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (api.api_answers(an_api()), ["ok"]),
        (api.api_answers(an_api(took_seconds=2.5)), ["warning"]),
        (api.api_answers(Api("x", trouble="refused")), ["problem"]),
        (api.api_answers(Api("x", trouble="401", refused=True)), ["problem"]),
        (api.api_version(an_api(contract_version="4.0.0")), ["problem"]),
        (api.services_run(an_api()), ["ok"]),
        (api.services_run(an_api(services=None)), ["skipped"]),
        (api.services_run(an_api(services=(a_service("scheduler", "new"),))), ["problem"]),
        (api.services_run(an_api(services=(a_service("a"), a_service("b", "off")))), ["warning"]),
        (api.services_run(an_api(services=(a_service("a"), a_service("b", "overdue")))), ["problem"]),
        (api.services_run(an_api(services=(a_service("a"), a_service("b", "failing")))), ["problem"]),
        (api.services_run(an_api(services=(a_service("a"), *(a_service(x, "overdue") for x in "bcd")))), ["problem"]),
        (api.workers_work(an_api(pools=(a_pool({"name": "w", "status": "ONLINE"}),))), ["ok"]),
        (api.workers_work(an_api(pools=(a_pool(),))), ["warning"]),
        (api.workers_work(an_api(pools=(a_pool(waiting=3),))), ["problem"]),
        (api.workers_work(an_api(pools=(a_pool(waiting=3, is_paused=True),))), ["warning"]),
        (api.workers_work(an_api(pools=(a_pool(type="docker"),))), []),
        (
            api.workers_work(an_api(pools=(a_pool({"name": "w", "status": "ONLINE", "broker_state": "LOST"}),))),
            ["problem"],
        ),
    ],
)
def test_judges_the_api(found, expected):
    assert levels(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (server.versions(facts()), ["ok"]),
        (server.who_may_call(facts()), ["ok"]),
        (server.who_may_call(facts(), "127.0.0.1"), ["ok"]),
        (server.who_may_call(facts(), "10.0.0.7"), ["problem"]),
        (server.who_may_call(facts(public_url="https://flows.example.com")), ["problem"]),
        (server.who_may_call(facts(allowed_hosts=["*"])), ["problem"]),
        (server.who_may_call(facts(public_url="https://flows.example.com", asks_who_calls=True)), ["ok"]),
        (server.addresses_agree(facts()), ["ok"]),
        (server.addresses_agree(facts(public_url="https://flows.example.com")), ["problem"]),
        (server.addresses_agree(facts(public_url="https://a.example.com", allowed_hosts=[".example.com"])), ["ok"]),
        (server.addresses_agree(facts(public_url="http://a.example.com", allowed_hosts=["*"])), ["warning"]),
        (server.debug_is_off(facts(debug=True)), ["problem"]),
        (server.keys_are_shared(facts(), {}), ["ok"]),
        (server.keys_are_shared(facts(secret_key_length=5), {}), ["warning", "ok"]),
        (server.keys_are_shared(of_postgresql(), {}), ["warning"]),
        (
            server.keys_are_shared(
                of_postgresql(), {"ORCHESTRATOR_SECRET_KEY": "x", "ORCHESTRATOR_ENCRYPTION_KEYS": "y"}
            ),
            ["ok"],
        ),
        (server.database_answers(facts()), ["ok"]),
        (server.database_answers(facts(database={"error": "connection refused"})), ["problem"]),
        (server.database_answers(facts(database={"version": "3.31.1"})), ["problem"]),
        (server.database_answers(of_postgresql(version="11.4")), ["problem"]),
        (server.migrations_are_applied(facts()), ["ok"]),
        (server.migrations_are_applied(facts(database={"pending": ["runs.0001"]})), ["problem"]),
        (server.migrations_are_applied(facts(database={"unknown": ["runs.9999"]})), ["problem"]),
        (server.sqlite_is_safe(facts(), "ext4"), ["ok"]),
        (server.sqlite_is_safe(facts(), "nfs"), ["problem"]),
        (server.sqlite_is_safe(facts(database={"journal_mode": "delete"}), "ext4"), ["problem"]),
        (server.sqlite_is_safe(facts(database={"web_processes": [{}, {}]}), "ext4"), ["problem"]),
        (server.postgresql_has_room(of_postgresql()), ["ok"]),
        (server.postgresql_has_room(of_postgresql(used_connections=90)), ["warning"]),
        (server.postgresql_has_room(of_postgresql(most_connections=10)), ["problem"]),
        (server.postgresql_has_room(of_postgresql(isolation="serializable")), ["ok", "problem"]),
        (server.processes_hear_each_other(facts()), []),
        (server.processes_hear_each_other(of_postgresql(web_processes=[{}, {}])), ["problem"]),
    ],
)
def test_judges_the_server(found, expected):
    assert levels(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (redis.redis_answers(Redis("h", version="7.2.1")), ["ok"]),
        (redis.redis_answers(Redis("h", version="5.0.7")), ["warning"]),
        (redis.redis_answers(Redis("h", trouble="refused")), ["problem"]),
        (redis.redis_answers(Redis("h", version="7.2.1", is_cluster=True)), ["problem"]),
        (redis.redis_evicts_nothing(Redis("h", eviction="noeviction")), ["ok"]),
        (redis.redis_evicts_nothing(Redis("h", eviction="allkeys-lru")), ["problem"]),
        (redis.redis_evicts_nothing(Redis("h")), ["warning"]),
        (redis.redis_evicts_nothing(Redis("h", eviction="noeviction", most_bytes=100, used_bytes=95)), ["warning"]),
    ],
)
def test_judges_redis(found, expected):
    assert levels(found) == expected


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.4, "ok"), (-1.9, "ok"), (3.0, "warning"), (-40.0, "problem"), (None, "skipped")],
)
def test_judges_clocks(seconds, level):
    assert clock_of("database", seconds).level == level


@pytest.mark.parametrize(("status", "level"), [(101, "ok"), (200, "problem"), (426, "problem"), ("refused", "problem")])
def test_judges_websockets(status, level):
    assert websockets_open("http://host", status).level == level


def test_always_says_what_to_do_about_a_problem():
    found = [
        machine.time_zones(a_machine(knows_time_zones=False)),
        *api.services_run(an_api(services=(a_service("scheduler", "overdue"),))),
        server.who_may_call(facts(), "10.0.0.7"),
        redis.redis_evicts_nothing(Redis("h", eviction="allkeys-lru")),
    ]

    assert all(finding.advice for finding in found if finding.level is Level.PROBLEM)


def test_finds_the_file_system_of_a_place():
    mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/x /mnt/shared nfs4 rw 0 0\ntmpfs /mnt/shared\\040too tmpfs rw 0 0\n"

    found = [file_system_of(Path(place), mounts) for place in ("/srv", "/mnt/shared/a", "/mnt/shared too/a", "/mnt")]

    assert found == ["ext4", "nfs4", "tmpfs", "ext4"]
