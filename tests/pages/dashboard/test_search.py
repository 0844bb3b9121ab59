"""The search: by name, a part of it, or an identifier; the palette asks it too."""

from __future__ import annotations

import pytest

from orchestrator.dashboard.search.hits import read_words
from orchestrator.dashboard.search.kinds import KINDS
from orchestrator.store.models import Variable
from tests.factories import make_deployment, make_flow, make_flow_run, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db


def test_opens_what_a_pasted_identifier_names(client):
    """SRCH-1: a pasted uuid opens runs, tasks, deployments, flows, pools."""
    run = make_flow_run()
    task = make_task_run(flow_run=run)
    deployment = make_deployment(pool=make_work_pool("main"))

    for thing, page in [
        (run, f"/runs/flow-run/{run.pk}"),
        (task, f"/runs/task-run/{task.pk}"),
        (deployment, f"/deployments/deployment/{deployment.pk}"),
        (deployment.flow, f"/flows/flow/{deployment.flow.pk}"),
        (deployment.work_queue.work_pool, "/work-pools/work-pool/main"),
    ]:
        for written in (str(thing.pk), str(thing.pk).upper(), thing.pk.hex, f"  {thing.pk} "):
            answer = client.get("/search", {"q": written})
            assert (answer.status_code, answer.url) == (302, page)


@pytest.mark.parametrize("words", ["brave-otter", "brave", "otter", "OTTER"])
def test_finds_by_the_name_or_a_part_of_it(client, words):
    """SRCH-1: a run name or fragment finds runs, tasks, deployments, flows, pools, variables."""
    run = make_flow_run(name="brave-otter")
    make_task_run(flow_run=run, name="brave-otter-0")
    make_deployment(make_flow("brave-otter-flow"), name="brave-otter-eu", pool=make_work_pool("brave-otter-pool"))
    Variable.objects.create(name="brave-otter-variable", value=1)

    body = client.get("/search", {"q": words}).content.decode()

    for kind in ("Flow runs", "Task runs", "Deployments", "Flows", "Work pools", "Variables"):
        assert f">{kind}</h2>" in body
    assert f'href="/runs/flow-run/{run.pk}">brave-otter</a>' in body


def test_finds_by_the_beginning_of_an_identifier(client):
    run = make_flow_run(name="found")

    assert ">found</a>" in client.get("/search", {"q": str(run.pk)[:18]}).content.decode()


def test_says_when_nothing_is_found(client):
    body = client.get("/search", {"q": "nowhere<b>"}).content.decode()

    assert "nothing found" in body
    assert "“nowhere&lt;b&gt;”" in body


def test_says_what_it_finds_before_anything_is_asked(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        body = client.get("/search").content.decode()

    assert "Flow runs and task runs, deployments" in body
    assert "autofocus" in body


def test_costs_the_same_however_much_is_found(client, django_assert_max_num_queries):
    for number in range(20):
        make_task_run(name=f"otter-{number}", flow_run=make_flow_run(name=f"otter-{number}"))
        make_deployment(name=f"otter-{number}")

    with django_assert_max_num_queries(len(KINDS) + 2):
        body = client.get("/search", {"q": "otter"}).content.decode()

    assert "the first 8" in body


def test_answers_the_palette_with_links_alone(client):
    run = make_flow_run(name="brave-otter", flow=make_flow("etl"))

    body = client.get("/search", {"q": str(run.pk), "fragment": "palette"}).content.decode()

    assert body.strip() == f'<div><a href="/runs/flow-run/{run.pk}">brave-otter<span>flow run · etl</span></a></div>'


def test_offers_to_run_a_deployment(client, django_user_model):
    deployment = make_deployment(name="nightly")
    command = f'<a href="/deployments/deployment/{deployment.pk}/run">Run nightly<span>command</span></a>'

    assert command in client.get("/search?q=night&fragment=palette").content.decode()
    client.force_login(django_user_model.objects.create_user("viewer", password="x"))
    assert command not in client.get("/search?q=night&fragment=palette").content.decode()


@pytest.mark.parametrize("words", ["%", "_", "'", '"', "\\", "a" * 5_000, "🦦", "00000000", "-" * 40])
def test_takes_any_words(client, words):
    make_flow_run()

    assert client.get("/search", {"q": words}).status_code == 200


@pytest.mark.parametrize(
    ("text", "is_one"), [("01a1ff9c", True), ("01a1ff9", False), ("deadbeefcafe", True), ("otter", False)]
)
def test_takes_eight_hexadecimal_digits_for_an_identifier(text, is_one):
    assert (read_words(text).first_id is not None) is is_one
