from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from automations.models import Automation
from orchestrator import DeploymentError, DeploymentEventTrigger, EventTrigger, deploy, flow
from orchestrator.sdk.api.client import Client, current_client, use_client
from tests.in_process import in_process_client, losing_answers

ARRIVED = DeploymentEventTrigger(
    name="inspect",
    expect={"parcel.arrived"},
    match={"prefect.resource.id": "shop.parcel.*"},
    for_each=["prefect.resource.id"],
    within=timedelta(minutes=1),
    parameters={"parcel": "{{ event.resource.id }}"},
    schedule_after=timedelta(seconds=5),
)


@flow(name="customs")
def customs(parcel: str = "") -> None: ...


@pytest.fixture
def server(db):
    with use_client(in_process_client()):
        yield


@pytest.fixture
def lost_answers(server, monkeypatch):
    return losing_answers(monkeypatch)


def test_makes_an_automation_that_the_deployment_owns(server):
    deployment_id = customs.deploy("d", triggers=[ARRIVED, EventTrigger(expect=["x"])], print_next_steps=False)

    first, second = Automation.objects.order_by("pk")
    assert (first.name, second.name) == ("inspect", "d__automation_2")
    assert set(Automation.objects.owned_by(f"prefect.deployment.{deployment_id}")) == {first, second}
    assert first.trigger["expect"] == ["parcel.arrived"]
    assert (first.trigger["posture"], first.trigger["within"]) == ("Reactive", 60.0)
    (action,) = first.actions
    assert (action["type"], action["deployment_id"], action["schedule_after"]) == ("run-deployment", deployment_id, 5.0)
    assert action["parameters"] == {"parcel": "{{ event.resource.id }}"}


def test_puts_them_in_the_place_of_those_before(server):
    customs.deploy("d", triggers=[ARRIVED], print_next_steps=False)

    customs.deploy("d", triggers=[{"expect": ["other"], "name": "new"}], print_next_steps=False)
    names = [each.name for each in Automation.objects.all()]
    customs.deploy("d", print_next_steps=False)

    assert names == ["new"]
    assert not Automation.objects.exists()


TWINS = [
    {"name": "twin", "expect": ["x"], "match": {"id": "1"}},
    {"name": "twin", "expect": ["x"], "match": {"id": "2"}},
]


def test_makes_each_once_though_an_answer_is_lost(server, lost_answers):
    lost_answers.add("POST /automations/")

    customs.deploy("d", triggers=[ARRIVED, EventTrigger(expect=["x"]), *TWINS], print_next_steps=False)

    names = sorted(each.name for each in Automation.objects.all())
    assert names == ["d__automation_2", "inspect", "twin", "twin"]


def test_keeps_the_newest_of_equal_ones_on_a_server_that_numbers_triggers(api, monkeypatch):
    def numbered(trigger):
        return {**trigger, "id": str(uuid4()), "triggers": [numbered(each) for each in trigger.get("triggers", ())]}

    def created(self, body):
        for day in (1, 2):
            made = {**body, "id": f"{body['name']}-{day}", "created": f"2026-01-0{day}T00:00:00Z"}
            api.automations.append({**made, "trigger": numbered(body["trigger"])})
        return 201, api.automations[-1]

    monkeypatch.setattr(type(api), "_create_automation", created)
    both = {"type": "compound", "require": "all", "within": 60, "triggers": [{"type": "event", "expect": ["x"]}]}

    customs.deploy("d", triggers=[{**both, "name": "a"}, {**both, "name": "b"}], print_next_steps=False)

    assert [each["id"] for each in api.automations] == ["a-2", "b-2"]


def test_makes_each_once_though_two_processes_deploy_at_once(server, monkeypatch):
    client, others = current_client(), []

    def ask(method, path, body=None, **options):
        answer = Client.ask(client, method, path, body, **options)
        if method == "DELETE" and "owned-by" in path and not others:
            others.append(path)
            customs.deploy("d", triggers=[ARRIVED], print_next_steps=False)
        return answer

    monkeypatch.setattr(client, "ask", ask)

    customs.deploy("d", triggers=[ARRIVED], print_next_steps=False)

    assert others
    assert [each.name for each in Automation.objects.all()] == ["inspect"]


def test_says_what_the_server_does_not_take(server):
    with pytest.raises(DeploymentError, match=r"^d is deployed, but without its trigger 'd__automation_1'.*Proactive"):
        customs.deploy("d", triggers=[EventTrigger(expect=["x"], posture="Proactive")])


def test_makes_those_of_several_deployments(api):
    deploy(
        customs.to_deployment("a", triggers=[ARRIVED]),
        customs.to_deployment("b", triggers=[ARRIVED]),
        print_next_steps_message=False,
    )

    owners = [each["owner_resource"] for each in api.automations]
    assert owners == [f"prefect.deployment.{api.deployments[name]['id']}" for name in ("a", "b")]
    assert [request.path for request in api.requests].count("/automations/") == 2


def test_takes_objects_of_another_library():
    theirs = SimpleNamespace(model_dump=lambda: {"type": "compound", "triggers": [], "require": "all", "name": "both"})

    (trigger,) = customs.to_deployment("d", triggers=[theirs]).triggers

    assert (trigger["type"], trigger["require"], trigger["name"]) == ("compound", "all", "both")


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"expects": ["x"]}, "has no 'expects'"),
        ({"type": "metric"}, "event, compound or sequence"),
        ({"posture": "Passive"}, "Reactive or Proactive"),
        ({"threshold": 0}, "from 1 on"),
        ({"within": -1}, "from 0 on"),
        ({"expect": "parcel.arrived"}, "a list of texts"),
        ({"match": ["x"]}, "labels to patterns"),
        ({"match_related": {"x": 3}}, "a pattern or a list"),
        ({"parameters": [1]}, "parameters is a mapping"),
        (3, "no trigger"),
    ],
)
def test_refuses_what_is_no_trigger(trigger, said):
    with pytest.raises(DeploymentError, match=said):
        customs.to_deployment("d", triggers=[trigger])


def test_refuses_one_that_is_in_no_list():
    with pytest.raises(DeploymentError, match="is a list"):
        customs.to_deployment("d", triggers=ARRIVED)
