"""One run of a service: at most one at a time, none twice for one tick, and all of it recorded."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from orchestrator.contract.times import now
from orchestrator.periodic import running
from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.running import run_service
from orchestrator.statements import batches
from orchestrator.statements.batches import repeat
from tests.periodic.making import a_service, record_of

pytestmark = pytest.mark.django_db


def before(seconds: float):
    return now() - timedelta(seconds=seconds)


def held_by_another(service, *, seconds: float) -> None:
    """Another process began a run and has not ended it."""
    values = {"holder": "other", "held_until": now() + timedelta(seconds=seconds)}
    ServiceRecord.objects.update_or_create(name=service.name, defaults=values)


def test_records_how_it_went():
    service = a_service(lambda: 7)

    done = run_service(service, due_at=before(2))

    record = record_of(service)
    assert done is not None
    assert (record.last_count, record.total_count) == (7, 7)
    assert 2 <= record.last_lag_seconds < 30
    assert record.last_started_at <= record.last_finished_at
    assert 0 <= record.last_duration_seconds < 30
    assert (record.holder, record.held_until) == ("", None)


def test_adds_up_what_its_runs_touched():
    service = a_service(lambda: 7)

    run_service(service)
    run_service(service)

    assert record_of(service).total_count == 14


def test_does_not_run_while_another_process_runs_it():
    service = a_service(lambda: 1)
    held_by_another(service, seconds=3)

    assert run_service(service) is None


def test_takes_over_when_the_lease_of_a_dead_process_has_ended():
    service = a_service(lambda: 1)
    held_by_another(service, seconds=-0.01)

    assert run_service(service) is not None


def test_does_not_heed_a_lease_from_a_clock_that_was_wrong():
    service = a_service(lambda: 1)
    held_by_another(service, seconds=24 * 3600)

    assert run_service(service) is not None


def test_runs_once_for_the_messages_of_two_beats_for_one_tick():
    service = a_service(lambda: 1)
    tick = before(0.5)

    runs = [run_service(service, due_at=tick), run_service(service, due_at=tick)]

    assert [run is not None for run in runs] == [True, False]


def test_runs_once_for_what_piled_up_while_nobody_worked():
    service = a_service(lambda: 1)

    runs = [run_service(service, due_at=before(seconds)) for seconds in (30, 20, 10)]

    assert [run is not None for run in runs] == [True, False, False]


def test_serves_a_tick_of_a_clock_that_is_ahead_once():
    service = a_service(lambda: 1)
    tick = now() + timedelta(seconds=3)

    runs = [run_service(service, due_at=tick), run_service(service, due_at=tick)]

    assert [run is not None for run in runs] == [True, False]
    assert record_of(service).last_lag_seconds == 0


def test_runs_when_asked_whatever_was_served():
    service = a_service(lambda: 1)
    run_service(service, due_at=now())

    assert run_service(service) is not None


def test_records_an_error_and_gives_the_lease_back(caplog):
    def broken() -> int:
        raise ValueError("no such thing")

    service = a_service(broken)

    done = [run_service(service), run_service(service)]

    record = record_of(service)
    assert [run.error for run in done] == ["ValueError: no such thing"] * 2
    assert (record.last_error, record.failures_in_a_row, record.holder) == ("ValueError: no such thing", 2, "")
    assert caplog.text.count("The service sample failed") == 1


def test_forgets_its_errors_when_it_goes_well():
    outcomes = [ValueError("once"), 3]

    def work() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    service = a_service(work)
    run_service(service)
    run_service(service)

    record = record_of(service)
    assert (record.last_error, record.failures_in_a_row, record.last_count) == ("", 0, 3)


def test_gives_the_lease_back_when_it_is_told_to_stop():
    def stopped() -> int:
        raise KeyboardInterrupt

    service = a_service(stopped)

    with pytest.raises(KeyboardInterrupt):
        run_service(service)

    assert record_of(service).held_until is None


def test_renews_its_lease_between_batches(monkeypatch):
    monkeypatch.setattr(batches, "PAUSE_SECONDS", 0.0)
    seconds = [0.0]
    monkeypatch.setattr(running, "monotonic", lambda: seconds[0])
    ends = []

    def batch() -> int:
        seconds[0] += service.lease_seconds / 2
        ends.append(record_of(service).held_until)
        return 1 if len(ends) < 3 else 0

    service = a_service(lambda: repeat(batch, seconds=60))
    run_service(service)

    assert ends[0] < ends[1] < ends[2]


def test_begins_no_batch_after_another_process_took_over(monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(running, "monotonic", lambda: seconds[0])
    begun = []

    def batch() -> int:
        begun.append(1)
        seconds[0] += 60
        held_by_another(service, seconds=5)
        return 1

    service = a_service(lambda: repeat(batch, seconds=60))
    run_service(service)

    assert len(begun) == 1
    assert record_of(service).holder == "other"


def test_writes_twice_for_each_run(django_assert_num_queries):
    service = a_service()
    run_service(service)

    with django_assert_num_queries(2):
        run_service(service, due_at=now())


@pytest.mark.django_db(transaction=True)
def test_lets_one_of_many_run_at_a_time():
    service = a_service()
    run_service(service)
    running_now, most, done, tick = [], [], [], now() + timedelta(seconds=1)
    lock, start = threading.Lock(), threading.Barrier(8)

    def work() -> int:
        with lock:
            running_now.append(1)
            most.append(len(running_now))
        threading.Event().wait(0.02)
        with lock:
            running_now.pop()
        return 1

    busy = a_service(work)

    def one_process() -> None:
        start.wait()
        try:
            for number in range(5):
                if run_service(busy, due_at=tick + timedelta(seconds=number)) is not None:
                    done.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=one_process) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(most) == {1}
    assert len(done) == len(set(done))
    assert record_of(service).total_count == len(done)
