"""The services of this app."""

from __future__ import annotations

import pytest

from runs import tasks
from runs.services import leftovers
from tests.factories import make_flow_run, make_logs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "service",
    [
        tasks.lost_runs,
        tasks.repossessor,
        tasks.late_runs,
        tasks.pause_expirations,
        tasks.cancellation_cleanup,
        tasks.leftovers,
        tasks.retention,
    ],
    ids=lambda service: service.name,
)
def test_does_nothing_when_nothing_is_due(service):
    make_logs(make_flow_run(), "line")

    assert service() == 0


def test_works_until_nothing_is_left(monkeypatch):
    monkeypatch.setattr(leftovers, "LINES", 10)
    run = make_flow_run()
    make_logs(run, *["line"] * 35)
    run.delete()

    tasks.leftovers()

    assert leftovers.clear_leftovers() == 0
