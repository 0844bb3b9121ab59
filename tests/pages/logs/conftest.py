"""A run that is under way, and its log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runs.models import FlowRun, Log
from runs.models.logs import LogQuerySet
from tests.factories import make_flow_run

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def run(db: None) -> FlowRun:
    return make_flow_run("RUNNING", started=START)


@pytest.fixture
def logs(run: FlowRun) -> LogQuerySet:
    return Log.objects.filter(flow_run_id=run.id)
