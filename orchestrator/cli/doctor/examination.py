"""Everything that is looked at, in the order in which it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.cli.doctor.checks import api as api_checks
from orchestrator.cli.doctor.checks import machine as machine_checks
from orchestrator.cli.doctor.checks import redis as redis_checks
from orchestrator.cli.doctor.checks import server as server_checks
from orchestrator.cli.doctor.checks.clocks import clock_of
from orchestrator.cli.doctor.checks.websocket import websockets_open
from orchestrator.cli.doctor.findings import Finding, problem, skipped
from orchestrator.cli.doctor.probes.api import Api, look_at_api
from orchestrator.cli.doctor.probes.machine import file_system_of, look_at_machine
from orchestrator.cli.doctor.probes.redis import look_at_redis
from orchestrator.cli.doctor.probes.server import Server, environment_of, is_server_side, look_at_server
from orchestrator.cli.doctor.probes.websocket import handshake_status
from orchestrator.cli.pidfile import find_running
from orchestrator.cli.places import home, pid_file


def examine() -> Iterator[Finding]:
    """What is to be said of this machine, of the API, and of the server if it lives here."""
    from orchestrator.cli.connecting import connected

    place, running = home(), find_running(pid_file())
    environment = environment_of(running)
    here = is_server_side(place, environment, running)
    yield from of_machine(place, of_server=here)
    client = connected()
    api = look_at_api(client)
    yield from of_api(api)
    address = api.address.removesuffix("/api")
    if api.trouble is None:
        yield websockets_open(address, handshake_status(address))
    if here:
        yield from of_server(look_at_server(place, environment), environment, met_at=address, api=api)
    else:
        yield skipped("server", f"no server lives in {place}: its settings and its database were not looked at")
    broker = environment.get("REDIS_URL") or environment.get("ORCHESTRATOR_BROKER_URL", "")
    if broker.startswith(("redis://", "rediss://", "unix://")):
        yield from of_redis(broker)


def of_machine(place: Path, *, of_server: bool) -> Iterator[Finding]:
    machine = look_at_machine(place)
    yield machine_checks.python_version(machine)
    yield machine_checks.time_zones(machine)
    if not machine.home_exists:
        return
    yield from machine_checks.secrets_are_private(machine)
    if of_server:
        yield machine_checks.disk_space(machine)
        yield machine_checks.home_on_this_machine(machine)


def of_api(api: Api) -> Iterator[Finding]:
    yield api_checks.api_answers(api)
    if api.trouble is not None:
        return
    yield api_checks.api_version(api)
    yield clock_of("API", api.clock_ahead_seconds)
    yield from api_checks.services_run(api)
    yield from api_checks.workers_work(api)


def of_server(server: Server, environment: Mapping[str, str], *, met_at: str, api: Api) -> Iterator[Finding]:
    facts = server.facts
    if facts is None:
        yield problem(
            "server", f"the server's side cannot be asked: {server.trouble}", "Correct what the message names."
        )
        return
    yield server_checks.versions(facts)
    yield server_checks.who_may_call(facts, urlsplit(met_at).hostname if api.trouble is None else None)
    yield server_checks.addresses_agree(facts)
    yield from server_checks.debug_is_off(facts)
    yield from server_checks.keys_are_shared(facts, environment)
    yield server_checks.database_answers(facts)
    public = str(facts["settings"]["public_url"])
    if api.trouble is None and public != met_at:
        yield websockets_open(public, handshake_status(public))
    database = facts["database"]
    if database["error"]:
        return
    yield server_checks.migrations_are_applied(facts)
    yield clock_of("database", database["clock_ahead_seconds"])
    if database["kind"] == "sqlite":
        yield from server_checks.sqlite_is_safe(facts, file_system_of(Path(database["file"])))
    else:
        yield from server_checks.postgresql_has_room(facts)
    yield from server_checks.processes_hear_each_other(facts)


def of_redis(url: str) -> Iterator[Finding]:
    redis = look_at_redis(url)
    yield redis_checks.redis_answers(redis)
    if redis.trouble is not None:
        return
    yield redis_checks.redis_evicts_nothing(redis)
    yield from redis_checks.redis_persistence(redis)
    yield clock_of("Redis server", redis.clock_ahead_seconds)
