"""Signs of life on their way into the database."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.events import HEARTBEAT
from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import StateType
from orchestrator.contract.times import now
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Event
from runs.models import FlowRun, Heartbeat
from runs.services.heartbeats import patience_with
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db


def beat(run_id, **payload):
    labels = {"prefect.resource.id": f"prefect.flow-run.{run_id}"}
    at = now()
    return Event(
        id=uuid7(),
        occurred=at,
        received=at,
        event=HEARTBEAT,
        resource_id=labels["prefect.resource.id"],
        resource=labels,
        payload=payload,
    )


def later(run, seconds):
    """As if the last sign of life had come that long ago."""
    by = timedelta(seconds=seconds)
    row = Heartbeat.objects.get(pk=run.pk)
    Heartbeat.objects.filter(pk=run.pk).update(last_at=row.last_at - by, silent_after=row.silent_after - by)


def patience_of(run):
    row = Heartbeat.objects.get(pk=run.pk)
    assert patience_with(row) == row.silent_after - row.last_at
    return patience_with(row).total_seconds()


def test_notes_who_was_heard_of():
    run = make_flow_run()

    ingest([beat(run.pk, interval_seconds=20, host="h", process_id=12)])

    row = Heartbeat.objects.get()
    assert (row.flow_run_id, row.host, row.process_id) == (run.pk, "h", 12)
    assert now() - row.last_at < timedelta(seconds=5)
    assert patience_with(row) == row.silent_after - row.last_at == timedelta(seconds=60)


def test_never_touches_the_row_of_the_run():
    run = make_flow_run()
    before = FlowRun.objects.values().get(pk=run.pk)

    ingest([beat(run.pk)])

    assert FlowRun.objects.values().get(pk=run.pk) == before


def test_waits_for_three_intervals_when_that_is_longer():
    run = make_flow_run()

    ingest([beat(run.pk, interval_seconds=50)])

    assert patience_of(run) == 150


def test_takes_the_usual_interval_of_a_client_that_does_not_say():
    run = make_flow_run()

    ingest([beat(run.pk)])

    assert patience_of(run) == 450


def test_learns_the_interval_from_two_like_pauses():
    run = make_flow_run(started=now() - timedelta(hours=1))
    ingest([beat(run.pk)])
    later(run, 30.2)
    ingest([beat(run.pk)])
    assert patience_of(run) == 450
    later(run, 30.0)

    ingest([beat(run.pk)])

    assert 75 <= patience_of(run) < 78


def test_learns_nothing_from_the_pause_between_two_processes():
    run = make_flow_run(started=now() - timedelta(hours=1))
    for _ in range(3):
        ingest([beat(run.pk)])
        later(run, 10)
        FlowRun.objects.update(state_timestamp=now())

    ingest([beat(run.pk)])

    assert patience_of(run) == 450


@pytest.mark.parametrize("told", [-1, 0, "20", True, 1e9, None])
def test_does_not_believe_a_strange_interval(told):
    run = make_flow_run()

    ingest([beat(run.pk, interval_seconds=told, host=["x"], process_id="y")])

    assert patience_of(run) == 450


def test_keeps_one_row_for_each_run():
    one, other = make_flow_run(), make_flow_run()

    ingest([beat(one.pk), beat(other.pk), beat(one.pk)])
    ingest([beat(one.pk)])

    assert Heartbeat.objects.count() == 2


def test_leaves_a_run_that_ended_ended():
    ingest([beat(make_flow_run(StateType.COMPLETED).pk)])

    assert not Heartbeat.objects.exists()


def test_passes_over_what_is_of_no_run():
    ingest([beat(uuid4()), beat("no-uuid")])

    assert not Heartbeat.objects.exists()
    assert Event.objects.count() == 2


def test_costs_nothing_when_no_sign_of_life_came(django_assert_num_queries):
    from runs.services.heartbeats import note_heartbeats

    event = beat(make_flow_run().pk)
    event.event = "prefect.flow-run.Running"

    with django_assert_num_queries(0):
        note_heartbeats([event])


def test_does_not_take_the_run_back_for_a_process_that_was_buried():
    run = make_flow_run(StateType.SCHEDULED)
    at = now()
    Heartbeat.objects.create(flow_run=run, last_at=at, silent_after=at, buried_state_id=uuid4())

    ingest([beat(run.pk)])

    assert Heartbeat.objects.get().buried_state_id


def test_forgets_the_buried_process_when_the_next_one_is_heard():
    run = make_flow_run()
    at = now()
    Heartbeat.objects.create(flow_run=run, last_at=at, silent_after=at, buried_state_id=uuid4())

    ingest([beat(run.pk)])

    assert Heartbeat.objects.get().buried_state_id is None
