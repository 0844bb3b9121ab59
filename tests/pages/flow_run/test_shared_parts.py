"""The parts of the pages of runs: one rendering for all who look."""

from __future__ import annotations

import pytest
from django.test import Client

from orchestrator.pages import shared_parts as module
from orchestrator.pages.shared_parts import Parts, Versions
from runs.models import FlowRun, TaskRun
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(monkeypatch):
    versions = Versions()
    monkeypatch.setattr(module, "versions", versions)
    monkeypatch.setattr(module, "parts", Parts(versions))
    monkeypatch.setattr(module, "MOST_SECONDS", 60.0)
    return versions


@pytest.mark.parametrize("part", ["header", "facts", "tasks", "logs"])
def test_are_made_once_for_two_readers_of_a_flow_run(versions, part):
    run = make_flow_run("RUNNING")
    for topic in ("run", "tasks", "logs"):
        versions.watched(f"{topic}:{run.id}")
    address = f"/runs/flow-run/{run.id}?fragment={part}"

    first, second = Client().get(address), Client().get(address)

    assert first.content == second.content
    assert module.parts.made == 1
    assert second.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


def test_are_made_anew_when_the_state_of_a_flow_run_changed(versions):
    run = make_flow_run("RUNNING")
    versions.watched(f"run:{run.id}")
    address = f"/runs/flow-run/{run.id}?fragment=header"
    Client().get(address)

    FlowRun.objects.filter(pk=run.pk).update(state_type="COMPLETED", state_name="Completed")
    versions.changed([f"run:{run.id}"])

    assert ">Completed</span>" in Client().get(address).content.decode()
    assert module.parts.made == 2


def test_are_made_each_time_where_they_say_why_a_run_waits(versions):
    """That depends on workers and limits too, which its topic does not tell of."""
    deployment = make_deployment(pool=make_work_pool())
    run = make_flow_run("SCHEDULED", deployment=deployment, flow=deployment.flow, work_queue=deployment.work_queue)
    versions.watched(f"run:{run.id}")
    address = f"/runs/flow-run/{run.id}?fragment=header"

    body = Client().get(address).content.decode()
    Client().get(address)

    assert 'data-poll="10"' in body
    assert module.parts.made == 2


def test_hold_a_token_for_nobody(versions):
    run = make_flow_run("RUNNING")
    versions.watched(f"run:{run.id}")

    body = Client().get(f"/runs/flow-run/{run.id}?fragment=header").content.decode()

    assert 'name="csrfmiddlewaretoken" value=""' in body


def test_offer_a_viewer_nothing_that_an_operator_is_offered(versions, django_user_model):
    run = make_flow_run("RUNNING")
    versions.watched(f"run:{run.id}")
    address = f"/runs/flow-run/{run.id}?fragment=header"
    viewer = Client()
    viewer.force_login(django_user_model.objects.create_user("viewer", password="x"))

    assert "Cancel run" in Client().get(address).content.decode()
    assert "Cancel run" not in viewer.get(address).content.decode()


@pytest.mark.parametrize("part", ["header", "tries", "relations", "facts", "logs"])
def test_are_made_once_for_two_readers_of_a_task_run(versions, part):
    task = make_task_run("RUNNING")
    versions.watched(f"tasks:{task.flow_run_id}")
    versions.watched(f"logs:{task.flow_run_id}")
    address = f"/runs/task-run/{task.id}?fragment={part}"

    first, second = Client().get(address), Client().get(address)

    assert first.content == second.content
    assert module.parts.made == 1


def test_are_made_anew_when_the_state_of_a_task_run_changed(versions):
    task = make_task_run("RUNNING")
    versions.watched(f"tasks:{task.flow_run_id}")
    address = f"/runs/task-run/{task.id}?fragment=header"
    Client().get(address)

    TaskRun.objects.filter(pk=task.pk).update(state_type="COMPLETED", state_name="Completed")
    versions.changed([f"tasks:{task.flow_run_id}"])

    assert ">Completed</span>" in Client().get(address).content.decode()
    assert module.parts.made == 2
