"""What the event of a flow run's new state says. The facts were read off the public server of the contract."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from runs.models import FlowRun
from runs.orchestration.transition import RunKind
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow, make_flow_run, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db


def propose(run: FlowRun, type_: str, *, force: bool = False, **proposal: Any) -> Event:
    """The event of the accepted state."""
    state = State(StateType(type_), **proposal)
    answer = propose_state(kind=RunKind.FLOW_RUN, run_id=run.pk, proposal=state, force=force)
    assert answer.written
    return Event.objects.get(pk=Event.objects.order_by("-sequence").first().pk)


def identities(event: Event, role: str) -> list[str]:
    return [one["prefect.resource.id"] for one in event.related if one["prefect.resource.role"] == role]


def test_is_called_after_the_state_and_carries_its_identifier():
    run = make_flow_run(StateType.RUNNING)

    event = propose(run, "FAILED", name="TimedOut", message="too slow")

    run.refresh_from_db()
    assert event.event == "prefect.flow-run.TimedOut"
    assert (str(event.id), event.occurred) == (run.state_id, run.state_timestamp)
    assert event.resource == {
        "prefect.resource.id": f"prefect.flow-run.{run.pk}",
        "prefect.resource.name": run.name,
        "prefect.run-count": "1",
        "prefect.state-message": "too slow",
        "prefect.state-name": "TimedOut",
        "prefect.state-timestamp": run.state_timestamp.isoformat(),
        "prefect.state-type": "FAILED",
    }
    assert event.payload == {
        "intended": {"from": "RUNNING", "to": "FAILED"},
        "initial_state": {"type": "RUNNING", "name": "Running"},
        "validated_state": {"type": "FAILED", "name": "TimedOut", "message": "too slow"},
    }


def test_counts_the_run_that_begins():
    event = propose(make_flow_run(StateType.PENDING), "RUNNING")

    assert event.resource["prefect.run-count"] == "1"
    assert event.resource["prefect.state-message"] == ""


def test_is_emitted_for_a_forced_state_too():
    event = propose(make_flow_run(StateType.COMPLETED), "CRASHED", force=True)

    assert event.event == "prefect.flow-run.Crashed"


@pytest.mark.parametrize(("minutes", "follows"), [(4.9, True), (5.1, False), (-4.9, True)])
def test_follows_the_state_before_it_while_that_is_young(minutes, follows):
    before = State(StateType.RUNNING, timestamp=now() - timedelta(minutes=minutes))
    run = make_flow_run(before)

    event = propose(run, "COMPLETED")

    assert (event.follows == before.id) is follows


@pytest.mark.parametrize(("details", "said"), [({}, "false"), ({"pause_reschedule": True}, "true")])
def test_says_of_a_pause_whether_the_run_is_begun_anew(details, said):
    run = make_flow_run(StateType.RUNNING, deployment=make_deployment())

    event = propose(run, "PAUSED", details=details)

    assert event.payload["validated_state"]["pause_reschedule"] == said


@pytest.mark.parametrize("length", [100_000, 100_010])
def test_leaves_a_message_whole_that_is_hardly_too_long(length):
    event = propose(make_flow_run(StateType.RUNNING), "FAILED", message="m" * length)

    assert len(event.resource["prefect.state-message"]) == length


def test_keeps_the_beginning_and_the_end_of_a_long_message():
    message = "b" * 60_000 + "e" * 60_000

    event = propose(make_flow_run(StateType.RUNNING), "FAILED", message=message)

    cut = "b" * 50_000 + "...20000 additional characters..." + "e" * 50_000
    assert event.resource["prefect.state-message"] == cut
    assert event.payload["validated_state"]["message"] == cut


def test_names_everything_around_the_run():
    pool = make_work_pool("pool", type="process")
    flow = make_flow("flow")
    deployment = make_deployment(flow, pool=pool, name="deployment")
    parent = make_task_run(name="tracking")
    run = make_flow_run(
        StateType.PENDING, flow=flow, deployment=deployment, work_queue=pool.default_queue, parent_task_run=parent
    )

    propose(run, "RUNNING")

    event = Event.objects.get(resource_id=f"prefect.flow-run.{run.pk}")
    assert event.related == [
        named("flow", flow.pk, "flow"),
        named("deployment", deployment.pk, "deployment"),
        named("work-queue", pool.default_queue.pk, "default"),
        named("work-pool", pool.pk, "pool") | {"prefect.work-pool.type": "process"},
        named("task-run", parent.pk, "tracking"),
    ]


def named(kind: str, identifier: Any, name: str) -> dict[str, str]:
    return {
        "prefect.resource.id": f"prefect.{kind}.{identifier}",
        "prefect.resource.role": kind,
        "prefect.resource.name": name,
    }


def test_names_every_tag_once_and_in_order():
    flow = make_flow()
    flow.tags = ["zz", "aa"]
    flow.save()
    run = make_flow_run(StateType.PENDING, flow=flow, tags=["b", "aa"], deployment=make_deployment(flow, tags=["d"]))

    event = propose(run, "RUNNING")

    assert identities(event, "tag") == ["prefect.tag.aa", "prefect.tag.b", "prefect.tag.d", "prefect.tag.zz"]
    assert event.related[-1] == {"prefect.resource.id": "prefect.tag.zz", "prefect.resource.role": "tag"}


@pytest.mark.parametrize(
    ("created_by", "creator"),
    [
        ({"id": "1", "type": "DEPLOYMENT", "display_value": "daily"}, ["prefect.deployment.1"]),
        ({"id": "2", "type": "AUTOMATION", "display_value": None}, ["prefect.automation.2"]),
        ({"id": "3", "type": "SCHEDULE", "display_value": "cron"}, []),
        (None, []),
    ],
)
def test_names_the_deployment_or_automation_that_made_the_run(created_by, creator):
    event = propose(make_flow_run(StateType.PENDING, created_by=created_by), "RUNNING")

    assert identities(event, "creator") == creator
    assert all("prefect.resource.name" not in one or one["prefect.resource.name"] for one in event.related)
