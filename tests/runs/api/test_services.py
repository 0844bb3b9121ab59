from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.services import SERVICES
from orchestrator.contract.times import now
from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import find_service
from orchestrator.periodic.running import run_service

pytestmark = pytest.mark.django_db


def of(api, name: str) -> dict:
    return next(row for row in api.get("/services").json() if row["name"] == name)


def test_lists_every_service(api):
    answered = api.get("/services").json()

    assert {row["name"]: row["description"] for row in answered} == SERVICES


def test_tells_that_a_service_has_not_run(api):
    row = of(api, "late_runs")

    assert (row["condition"], row["last_started_at"], row["every_seconds"], row["enabled"]) == ("new", None, 5.0, True)


def test_tells_how_the_last_run_went(api):
    run_service(find_service("late_runs"), due_at=now() - timedelta(seconds=2))

    row = of(api, "late_runs")

    assert (row["condition"], row["last_count"], row["last_error"], row["running"]) == ("ok", 0, None, False)
    assert 2 <= row["last_lag_seconds"] < 3


def test_tells_who_runs_now_and_not_on_which_host(api):
    ServiceRecord.objects.filter(name="late_runs").update(holder="host", held_until=now() + timedelta(seconds=5))

    row = of(api, "late_runs")

    assert row["running"]
    assert "host" not in str(row)


def test_tells_what_this_server_was_started_without(api, settings):
    settings.SERVICES = ["retention"]

    assert (of(api, "late_runs")["condition"], of(api, "late_runs")["enabled"]) == ("off", False)


def test_asks_twice(api, django_assert_num_queries):
    api.get("/services")

    with django_assert_num_queries(2):
        api.get("/services")
