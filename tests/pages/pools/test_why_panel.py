"""Why a run does not run, on its page."""

from __future__ import annotations

from contextlib import suppress
from html import unescape

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from runs.errors import SlotsNotFree
from runs.services.concurrency_limits import create_limit
from runs.services.concurrency_slots import lease_slots
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel(client):
    """What the panel of a run says."""

    def panel(address):
        page = unescape(client.get(address).content.decode())
        return page.partition('<section id="why"')[2].partition("</section>")[0]

    return panel


def test_names_who_has_the_slot_once_and_with_a_link(panel):
    """RUN-8: a limit that is full, and how long who has held its slots."""
    deployment = make_deployment()
    deployment.global_concurrency_limit = create_limit(name=f"deployment:{deployment.pk}", limit=1)
    deployment.save()
    holder = make_flow_run(name="free-finch")
    lease_slots(names=[f"deployment:{deployment.pk}"], slots=1, seconds=60, holder_type="flow_run", holder_id=holder.pk)
    due = State(StateType.SCHEDULED, name="AwaitingConcurrencySlot", details={"scheduled_time": format_time(now())})

    words = panel(f"/runs/flow-run/{make_flow_run(due, deployment=deployment, flow=deployment.flow).pk}")

    assert "Its deployment's limit is full: 1 of 1 slot taken. It waits until one is free." in words
    assert words.count("free-finch") == 1
    assert f'Held by <a href="/runs/flow-run/{holder.pk}">free-finch</a>' in words
    assert ">concurrency limit of its deployment</a>" in words


def test_names_who_has_the_slot_of_a_tag(panel):
    """RUN-8: of a task run, too."""
    create_limit(name="tag:db", limit=1)
    holder = make_task_run(task="load")
    lease_slots(names=["tag:db"], slots=1, seconds=60, holder_type="task_run", holder_id=holder.pk)

    words = panel(f"/runs/task-run/{make_task_run('PENDING', tags=['db']).pk}")

    assert "The limit on tag db is full: 1 of 1 slot taken." in words
    assert f'Held by <a href="/runs/task-run/{holder.pk}">{holder.name}</a>' in words
    assert words.count(holder.name) == 1


@pytest.mark.parametrize("kind", ["flow_run", "task_run"])
def test_tells_of_a_run_that_waits_in_the_middle_of_its_work(panel, kind):
    """RUN-8: for slots that it asks for by a name."""
    create_limit(name="warehouse", limit=1)
    holder, run = make_flow_run(name="free-finch"), make_flow_run() if kind == "flow_run" else make_task_run()
    for kind_of, one in (("flow_run", holder), (kind, run)):
        with suppress(SlotsNotFree):
            lease_slots(names=["warehouse"], slots=1, seconds=60, holder_type=kind_of, holder_id=one.pk)

    words = panel(f"/runs/{kind.replace('_', '-')}/{run.pk}")

    assert "It waits for 1 slot of concurrency limit warehouse since" in words
    assert "1 of 1 taken." in words
    assert f'Held by <a href="/runs/flow-run/{holder.pk}">free-finch</a>' in words
    assert ">concurrency limit warehouse</a>" in words
    assert panel(f"/runs/flow-run/{holder.pk}") == ""


def test_tells_times_in_the_readers_zone(client, panel):
    due = State(StateType.SCHEDULED, timestamp=now(), details={"scheduled_time": "2030-07-01T10:00:00Z"})
    address = f"/runs/flow-run/{make_flow_run(due, deployment=make_deployment()).pk}"
    client.cookies["zone"] = "Europe/Berlin"

    words = panel(address)

    assert "2030-07-01 12:00 CEST" in words
    assert "UTC" not in words
