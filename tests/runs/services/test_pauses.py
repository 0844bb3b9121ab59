from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.models import StateDeadline
from runs.orchestration.transition import RunKind
from runs.services.pauses import MESSAGE, expire_pauses, has_expired_pauses
from runs.services.transitions import propose_state
from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db


def propose(run, type_, **details):
    proposal = State(StateType(type_), details=details)
    return propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=proposal)


def paused(seconds_from_now: float):
    """A run whose pause ends then."""
    run = make_flow_run(StateType.RUNNING)
    timeout = format_time(now() + timedelta(seconds=seconds_from_now))
    assert propose(run, "PAUSED", pause_timeout=timeout, pause_key="a").written
    return run


def test_fails_a_run_whose_pause_is_over():
    run = paused(-1)

    expired = expire_pauses()

    run.refresh_from_db()
    assert expired == 1
    assert (run.state_type, run.state["message"]) == ("FAILED", MESSAGE)


def test_leaves_a_pause_its_time():
    run = paused(60)

    assert expire_pauses() == 0
    run.refresh_from_db()
    assert run.state_type == "PAUSED"


def test_knows_whether_a_pause_is_over():
    paused(60)
    before = has_expired_pauses()
    paused(-1)
    waiting = has_expired_pauses()
    expire_pauses()

    assert (before, waiting, has_expired_pauses()) == (False, True, False)


def test_leaves_a_pause_without_an_end_alone():
    run = make_flow_run(StateType.RUNNING)
    propose(run, "PAUSED")

    assert expire_pauses() == 0
    assert not StateDeadline.objects.exists()


def test_leaves_a_run_alone_that_went_on():
    run = paused(60)
    propose(run, "RUNNING")
    StateDeadline.objects.update(at=now() - timedelta(seconds=1))

    assert expire_pauses() == 0
    run.refresh_from_db()
    assert run.state_type == "RUNNING"


def test_does_not_mistake_a_second_pause_for_the_first():
    run = paused(60)
    propose(run, "RUNNING")
    propose(run, "PAUSED", pause_timeout=format_time(now() + timedelta(hours=1)), pause_key="b")
    StateDeadline.objects.filter(at__lt=now() + timedelta(minutes=2)).update(at=now())

    assert expire_pauses() == 0
    run.refresh_from_db()
    assert run.state_type == "PAUSED"


def test_asks_once_when_nothing_is_due(django_assert_num_queries):
    paused(60)

    with django_assert_num_queries(1):
        expire_pauses()


def test_notes_no_deadline_for_an_ordinary_run(django_assert_num_queries):
    run = make_flow_run(StateType.PENDING)
    propose(run, "RUNNING")
    propose(run, "COMPLETED")

    assert not StateDeadline.objects.exists()
