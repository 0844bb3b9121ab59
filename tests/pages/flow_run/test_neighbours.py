"""The links and keys to the run before and after."""

from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.times import now
from tests.factories import make_deployment, make_flow_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment():
    return make_deployment(name="nightly")


@pytest.fixture
def runs(deployment):
    """Three runs of one deployment an hour apart, the oldest first, and one that is planned."""
    make_flow_run("COMPLETED", flow=deployment.flow, started=now() - timedelta(hours=2, minutes=30))  # not of it
    make_flow_run(
        "SCHEDULED", flow=deployment.flow, deployment=deployment, expected_start_time=now() + timedelta(hours=1)
    )
    return [
        make_flow_run("COMPLETED", flow=deployment.flow, deployment=deployment, started=now() - timedelta(hours=hours))
        for hours in (3, 2, 1)
    ]


def test_are_links_on_the_page(client, runs):
    body = client.get(f"/runs/flow-run/{runs[1].id}").content.decode()

    assert f'href="/runs/flow-run/{runs[1].id}/previous"' in body
    assert f'href="/runs/flow-run/{runs[1].id}/next"' in body


def test_lead_to_the_runs_of_the_same_deployment(client, runs, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        previous = client.get(f"/runs/flow-run/{runs[1].id}/previous")
        following = client.get(f"/runs/flow-run/{runs[1].id}/next")

    assert previous.url == f"/runs/flow-run/{runs[0].id}"
    assert following.url == f"/runs/flow-run/{runs[2].id}"


def test_tell_apart_runs_that_began_at_the_same_moment(client, deployment):
    moment = now() - timedelta(hours=1)
    first, second = (
        make_flow_run("COMPLETED", flow=deployment.flow, deployment=deployment, started=moment) for _ in range(2)
    )

    assert client.get(f"/runs/flow-run/{first.id}/next").url == f"/runs/flow-run/{second.id}"
    assert client.get(f"/runs/flow-run/{second.id}/previous").url == f"/runs/flow-run/{first.id}"


@pytest.mark.parametrize(("number", "step", "word"), [(0, "previous", "before"), (2, "next", "after")])
def test_say_so_at_the_ends(client, runs, number, step, word):
    body = client.get(f"/runs/flow-run/{runs[number].id}/{step}", follow=True).content.decode()

    assert f"No run of nightly began {word} this one." in body
    assert f"<h1>{runs[number].name}</h1>" in body


def test_go_by_the_flow_where_there_is_no_deployment(client):
    first = make_flow_run("COMPLETED", started=now() - timedelta(hours=2))
    second = make_flow_run("COMPLETED", flow=first.flow, started=now() - timedelta(hours=1))

    assert client.get(f"/runs/flow-run/{first.id}/next").url == f"/runs/flow-run/{second.id}"


def test_survive_a_run_that_nobody_expects_and_one_that_is_gone(client):
    run = make_flow_run(None, expected_start_time=None)

    assert client.get(f"/runs/flow-run/{run.id}/next").url == f"/runs/flow-run/{run.id}"
    assert client.get(f"/runs/flow-run/{uuid4()}/next").status_code == 404
