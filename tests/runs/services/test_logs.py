from datetime import UTC, datetime

import pytest

from orchestrator.contract.ids import uuid7
from runs.models import Log
from runs.services import logs
from runs.services.logs import add_log_listener, write_logs

pytestmark = pytest.mark.django_db


def line(message="hello", **columns):
    when = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
    return Log(id=uuid7(), name="prefect.flow_runs", level=20, message=message, timestamp=when, **columns)


def test_stores_every_column():
    sent = line("the message, \N{SNOWMAN} and %s", flow_run_id=uuid7(), task_run_id=uuid7())

    write_logs(lines=[sent])

    stored = Log.objects.get()
    for column in ("id", "name", "level", "message", "timestamp", "flow_run_id", "task_run_id", "created"):
        assert getattr(stored, column) == getattr(sent, column), column


def test_returns_only_the_lines_that_were_new():
    old, new = line("old"), line("new")
    write_logs(lines=[old])

    assert write_logs(lines=[old, new, new]) == [new]
    assert Log.objects.count() == 2


def test_stores_more_than_one_statement_takes(monkeypatch):
    monkeypatch.setattr(logs, "BATCH", 2)

    assert len(write_logs(lines=[line() for _ in range(5)])) == 5
    assert Log.objects.count() == 5


def test_tells_listeners_after_the_commit(monkeypatch, django_capture_on_commit_callbacks):
    heard = []
    monkeypatch.setattr(logs, "_listeners", [])
    add_log_listener(heard.append)
    sent = line()

    with django_capture_on_commit_callbacks(execute=True):
        write_logs(lines=[sent])
        assert heard == []
        write_logs(lines=[sent])

    assert heard == [[sent]]
