"""The list of flows, and the page of one."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from deployments.pages import flow as flow_page
from deployments.pages import flow_list
from deployments.services.deployments import pause_deployment
from orchestrator.contract.times import now
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db
MOST_OF_LIST, MOST_OF_PAGE = 8, 14


@pytest.fixture
def etl():
    return make_flow("etl")


def planned(flow, *, ahead=timedelta(hours=3), **columns):
    return make_flow_run("SCHEDULED", flow=flow, next_scheduled_start_time=now() + ahead, **columns)


def test_lists_flows_by_name(client):
    for name in ("b", "a"):
        make_flow(name)

    assert re.findall(r'<td class="name"><a href="[^"]+">(\w)<', client.get("/flows/").content.decode()) == ["a", "b"]


def test_the_last_run_is_the_one_that_started_last(client, etl):
    """FLOW-1: neither what is planned nor what waits counts as the last run."""
    make_flow_run("COMPLETED", flow=etl, started=now() - timedelta(hours=5))
    last = make_flow_run("FAILED", flow=etl, started=now() - timedelta(hours=1))
    waiting = make_flow_run("SCHEDULED", flow=etl, started=now() - timedelta(minutes=5))
    planned(etl)

    row = client.get("/flows/").content.decode()
    page = client.get(f"/flows/flow/{etl.pk}?fragment=header").content.decode()

    for text in (row, page):
        assert f"/runs/flow-run/{last.pk}" in text
        assert str(waiting.pk) not in text
        assert "Failed" in text


def test_keeps_future_runs_apart(client, etl):
    """FLOW-2: under Upcoming, with when they are due, and not among the last runs."""
    make_flow_run("COMPLETED", flow=etl, name="past")
    planned(etl, name="soon", deployment=make_deployment(etl, name="nightly"))

    page = client.get(f"/flows/flow/{etl.pk}").content.decode()
    upcoming, last = page.split('id="upcoming-title"')[1].split('id="started-title"')

    assert "soon" in upcoming
    assert "nightly" in upcoming
    assert "past" not in upcoming
    assert "past" in last
    assert "soon" not in last
    assert "in 2 h" in upcoming
    assert "Upcoming</th>" in client.get("/flows/").content.decode()


def test_tells_how_often_it_failed_in_a_week(client, etl):
    for state in ("COMPLETED", "COMPLETED", "FAILED", "CRASHED"):
        make_flow_run(state, flow=etl)
    make_flow_run("FAILED", flow=etl, started=now() - timedelta(days=9))

    assert "2 of 4 runs failed or crashed in the last 7 days" in client.get("/flows/").content.decode()
    assert "2 of 4 failed in 7 days" in client.get(f"/flows/flow/{etl.pk}").content.decode()


def test_counts_many_runs_of_a_week_once_a_minute(etl, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(flow_list, "MANY", 2)
    few, moment = make_flow(), now()
    for flow in (etl, etl, few):
        make_flow_run("COMPLETED", flow=flow)
    ids = [etl.pk, few.pk]
    flow_list.failure_rates(ids, moment + timedelta(minutes=1))
    for flow in (etl, few):
        make_flow_run("FAILED", flow=flow)

    with django_assert_num_queries(1):
        soon = flow_list.failure_rates(ids, moment + timedelta(seconds=61))
    later = flow_list.failure_rates(ids, moment + timedelta(seconds=121))

    assert [soon[each].ended for each in ids] == [2, 2]
    assert [later[each].ended for each in ids] == [3, 2]


def test_draws_the_newest_of_very_many_runs(client, etl, monkeypatch):
    monkeypatch.setattr(flow_page, "MOST_COUNTED", 2)
    for hours in (3, 30, 60):
        make_flow_run("COMPLETED", flow=etl, started=now() - timedelta(hours=hours))

    part = client.get(f"/flows/flow/{etl.pk}?fragment=chart").content.decode()

    assert "the newest, from" in part
    assert "completed 2<" in part


def test_lists_what_goes_wrong_most(client, etl):
    for number in range(3):
        make_flow_run(
            "FAILED", flow=etl, error_type="KeyError", error_message=f"'table{number}'", error_frame="etl.py:4, load",
            error_fingerprint="a" * 16,
        )  # fmt: skip
    make_flow_run("FAILED", flow=etl, error_type="ValueError", error_message="x", error_fingerprint="b" * 16)

    part = client.get(f"/flows/flow/{etl.pk}?fragment=errors").content.decode()

    assert part.index("KeyError: ") < part.index("ValueError: x")
    assert "<td>3</td>" in part
    assert "etl.py:4, load" in part
    assert f"/errors/{'a' * 16}" in part


def test_lists_its_deployments_and_who_paused_them(client, etl):
    """DEP-2: also in the list on the page of the flow."""
    pool = make_work_pool()
    make_worker(pool)
    pause_deployment(deployment_id=make_deployment(etl, pool=pool).pk, author={"display_value": "alice"})
    make_deployment(make_flow("other"), name="elsewhere")

    part = client.get(f"/flows/flow/{etl.pk}?fragment=deployments").content.decode()

    assert "Paused</span>" in part
    assert "by alice" in part
    assert "elsewhere" not in part


@pytest.mark.parametrize("prefix", ["", "/v2"])
def test_answers_at_the_addresses_that_clients_print(client, etl, prefix):
    assert client.get(f"{prefix}/flows/flow/{etl.pk}").status_code == 200


def test_answers_404_for_one_that_does_not_exist(client):
    assert client.get(f"/flows/flow/{uuid4()}").status_code == 404


def test_says_what_to_do_when_there_is_none(client):
    assert "ORCHESTRATOR_API_URL" in client.get("/flows/").content.decode()


def test_asks_as_many_questions_for_many_as_for_one(client, django_assert_max_num_queries):
    for _ in range(30):
        flow = make_flow()
        make_flow_run("COMPLETED", flow=flow)
        make_deployment(flow)

    with django_assert_max_num_queries(MOST_OF_LIST):
        client.get("/flows/")


def test_asks_a_bounded_number_of_questions_on_its_page(client, etl, django_assert_max_num_queries):
    for _ in range(5):
        make_flow_run("FAILED", flow=etl, deployment=make_deployment(etl, pool=make_work_pool()))

    with django_assert_max_num_queries(MOST_OF_PAGE):
        client.get(f"/flows/flow/{etl.pk}")


def test_is_small_enough(client, etl):
    for number in range(60):
        make_flow_run("FAILED" if number % 4 else "COMPLETED", flow=etl, seconds=number + 1)

    assert len(client.get(f"/flows/flow/{etl.pk}").content) < 50_000
