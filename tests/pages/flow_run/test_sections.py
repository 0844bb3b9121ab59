"""The pages below a run's own."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.models import Artifact
from runs.pages.flow_run import tasks
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(client):
    return lambda run, section: client.get(f"/runs/flow-run/{run.id}/{section}").content.decode()


@pytest.mark.parametrize("section", ["params", "history", "artifacts", "compare", "timeline", "graph", "tasks"])
@pytest.mark.parametrize("end", ["", "/"])
def test_has_a_page_of_its_own(client, section, end, django_assert_max_num_queries):
    run = make_flow_run(None)

    with django_assert_max_num_queries(14):
        response = client.get(f"/runs/flow-run/{run.id}/{section}{end}")

    assert response.status_code == 200
    assert response.content.decode().count("<h1>") == 1
    assert client.get(f"/runs/flow-run/{uuid4()}/{section}{end}").status_code == 404


def test_draws_many_tasks_anew_less_often(client, monkeypatch):
    monkeypatch.setattr(tasks, "LEAST_EVERY", 2)
    run = make_flow_run("RUNNING")
    every = []
    for _ in range(4):
        make_task_run("COMPLETED", flow_run=run)
        body = client.get(f"/runs/flow-run/{run.id}?fragment=tasks").content.decode()
        every += re.findall(r'data-every="(\d+)"', body)

    assert every == ["2", "2", "3", "4"]


def test_says_where_parameters_differ_from_the_deployments(read):
    deployment = make_deployment(parameters={"region": "eu", "mode": "upsert"})
    run = make_flow_run("COMPLETED", deployment=deployment, parameters={"region": "us", "mode": "upsert"})

    body = read(run, "params")

    assert body.count("changed from") == 1
    assert "changed from &quot;eu&quot;" in body


def test_tells_every_state_how_long_it_lasted_and_what_was_said(read):
    began = now() - timedelta(minutes=5)
    failed = State(StateType.FAILED, timestamp=began + timedelta(seconds=90), message="it broke")
    run = make_flow_run(failed, history=[State(StateType.RUNNING, timestamp=began)])

    body = read(run, "history")

    assert "1m 30s" in body
    assert "it broke" in body


def test_lists_what_the_run_made(read):
    run = make_flow_run("COMPLETED")
    task = make_task_run("COMPLETED", flow_run=run)
    artifact = Artifact.objects.create(
        type="markdown", key="report", data="# x", flow_run_id=run.id, task_run_id=task.id
    )

    body = read(run, "artifacts")

    assert f'<a href="/artifacts/artifact/{artifact.id}">report</a>' in body
    assert task.name in body


@pytest.fixture
def pair():
    deployment = make_deployment(flow=None)
    common = {"deployment": deployment, "flow": deployment.flow}
    good = make_flow_run(
        "COMPLETED", started=now() - timedelta(hours=2), parameters={"region": "eu", "options": {"mode": "a"}}, **common
    )
    bad = make_flow_run(
        "FAILED", started=now() - timedelta(hours=1), parameters={"region": "eu", "options": {"mode": "b"}}, **common
    )
    for run, state in ((good, "COMPLETED"), (bad, "FAILED")):
        make_task_run("COMPLETED", flow_run=run, task="extract", started=run.start_time, seconds=2)
        make_task_run(state, flow_run=run, task="load", started=run.start_time + timedelta(seconds=2), seconds=4)
    return good, bad


def test_compares_with_the_last_success_and_says_what_changed(read, pair):
    """CMP-1: what changed says so in words."""
    good, bad = pair

    body = read(bad, "compare")

    assert good.name in body
    changed = body[body.index("options.mode") :]
    assert "<strong>changed</strong>" in changed[: changed.index("</tr>")]
    same = body[body.index('<th scope="row">region') :]
    assert "same" in same[: same.index("</tr>")]
    assert "The first difference:</strong> load: 1 failed here, 1 completed there." in body


def test_compares_with_whichever_run_the_address_names(client, pair):
    good, bad = pair

    body = client.get(f"/runs/flow-run/{good.id}/compare?with={bad.id}").content.decode()

    assert "load: 1 completed here, 1 failed there." in body


@pytest.mark.parametrize("other", ["nonsense", "01a1ff9b-0000-7000-8000-000000000000", "<script>"])
def test_says_so_where_there_is_no_such_run(client, pair, other):
    body = client.get(f"/runs/flow-run/{pair[1].id}/compare", {"with": other}).content.decode()

    assert "There is no other run with the ID" in body
    assert "<script>" not in body


def test_compares_in_a_bounded_number_of_queries(client, pair, django_assert_max_num_queries):
    for number in range(20):
        for run in pair:
            make_task_run("COMPLETED", flow_run=run, task=f"t{number}")

    with django_assert_max_num_queries(8):
        client.get(f"/runs/flow-run/{pair[1].id}/compare")
