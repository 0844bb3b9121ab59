"""What needs attention: which causes there are, in which order, and what can be done about them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.services.deployments import pause_deployment
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.dashboard.attention import failures, snoozing
from orchestrator.dashboard.attention.failures import read_failing
from orchestrator.dashboard.models import Snooze
from orchestrator.events.models import Event
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot, FlowRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db


def test_names_a_cause_and_something_to_do_in_each_row(client):
    """OV-2: each row names a cause and holds ≥ 1 action."""
    everything_at_once()

    found = rows(client)

    assert len(found) == 7
    for row in found:
        assert re.search(r'class="what" href="/[^"]+">[^<]+</a>', row)
        deeds = row[row.index('class="deeds"') : row.index('class="snooze"')]
        assert re.search(r"<button|<a class=\"button", deeds)


def test_puts_the_most_urgent_first(client):
    everything_at_once()

    titles = [re.search(r'class="what"[^>]*>([^<]+)<', row)[1] for row in rows(client)]

    assert titles == [
        "starving has no worker",
        "etl-eu fails",
        "approval waits for input",
        "train is slow",
        "Limit database is full",
        "Automation guard: an action failed",
        "parked is paused",
    ]


def test_shows_the_first_and_leads_to_all(client):
    everything_at_once()

    body = client.get("/").content.decode()

    assert body.count('<li id="c-') == 6
    assert '<a href="?all=1">all 7</a>' in body


def test_says_why_a_run_failed(client):
    """OV-1: a failing run appears in *Needs attention*, with its error."""
    make_flow_run(
        "FAILED", flow=make_flow("report"), error_type="KeyError", error_message="'table'", error_frame="f.py:8"
    )

    (row,) = rows(client)

    assert "report failed" in row
    assert "KeyError: &#x27;table&#x27; · f.py:8" in row


def test_forgets_failures_that_a_success_followed(client):
    deployment = make_deployment()
    make_flow_run("FAILED", deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=20))
    make_flow_run("COMPLETED", deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=10))

    assert rows(client) == []


def test_does_not_take_the_success_of_another_deployment_for_one(client):
    flow = make_flow()
    failing, other = make_deployment(flow), make_deployment(flow)
    make_flow_run("FAILED", deployment=failing, flow=flow, started=now() - timedelta(minutes=20))
    make_flow_run("COMPLETED", deployment=other, flow=flow, started=now() - timedelta(minutes=10))

    assert len(rows(client)) == 1


def test_counts_a_streak_since_the_last_success(client):
    deployment = make_deployment(name="etl-eu")
    for minutes, state in [(50, "FAILED"), (40, "COMPLETED"), (30, "FAILED"), (20, "CRASHED"), (10, "FAILED")]:
        make_flow_run(state, deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=minutes))

    (row,) = rows(client)

    assert "etl-eu fails" in row
    assert "3 runs without a success" in row
    assert ">Retry 3</button>" in row
    assert f'name="failing" value="{deployment.pk}"' in row


def test_leaves_a_paused_pool_alone(client):
    waiting_run(make_work_pool(is_paused=True))

    assert rows(client) == []


def test_calls_no_run_slow_whose_usual_time_is_unknown(client):
    deployment = make_deployment()
    make_flow_run("COMPLETED", deployment=deployment, flow=deployment.flow, seconds=1)
    make_flow_run("RUNNING", deployment=deployment, flow=deployment.flow, seconds=3600)

    assert rows(client) == []


@pytest.mark.parametrize(("earlier_failures", "is_told"), [(1, True), (6, False)])
def test_tells_of_a_deployment_that_fails_more_often(client, earlier_failures, is_told):
    """3 of the last 10 against 1 of the 12 before is more than twice as many; against 6 of 12 it is fewer."""
    deployment = make_deployment(name="shaky")
    before = ["FAILED"] * earlier_failures + ["COMPLETED"] * (12 - earlier_failures)
    lately = ["FAILED"] * 3 + ["COMPLETED"] * 7
    for minutes, state in zip(range(22, 0, -1), before + lately, strict=True):
        make_flow_run(state, deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=minutes))

    found = rows(client)

    assert len(found) == is_told
    assert not is_told or "3 of its last 10 runs failed, 1 of the 12 before" in found[0]


def test_retries_what_failed_once_it_was_confirmed(client):
    deployment = make_deployment(pool=make_work_pool())
    runs = [make_flow_run("FAILED", deployment=deployment, flow=deployment.flow) for _ in range(2)]
    form = {"run": ",".join(str(run.pk) for run in runs)}

    asked = client.post("/attention/retry", form)
    assert "Retry 2 runs" in asked.content.decode()
    assert all(run.name in asked.content.decode() for run in runs)
    assert FlowRun.objects.filter(state_type="FAILED").count() == 2

    answer = client.post("/attention/retry", form | {"confirmed": "1"}, follow=True)
    assert "2 runs scheduled again." in answer.content.decode()
    assert FlowRun.objects.filter(state_name="AwaitingRetry").count() == 2


def test_retries_the_runs_behind_a_row(client):
    deployment = make_deployment(pool=make_work_pool())
    for minutes, state in [(30, "FAILED"), (20, "COMPLETED"), (10, "FAILED"), (5, "FAILED")]:
        make_flow_run(state, deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=minutes))

    client.post("/attention/retry?range=1h", {"failing": str(deployment.pk), "confirmed": "1"})

    assert FlowRun.objects.filter(state_name="AwaitingRetry").count() == 2
    assert FlowRun.objects.filter(state_type="FAILED").count() == 1  # a success followed it


def test_retries_those_with_the_tag_alone(client):
    deployment = make_deployment(pool=make_work_pool())
    for tag in ("prod", "test"):
        make_flow_run("FAILED", deployment=deployment, flow=deployment.flow, tags=[tag])

    body = client.get("/?tag=prod").content.decode()
    assert 'formaction="/attention/retry?range=24h&amp;tag=prod"' in body
    client.post("/attention/retry?range=24h&tag=prod", {"failing": str(deployment.pk)})

    assert FlowRun.objects.get(state_name="AwaitingRetry").tags == ["prod"]


def test_retries_one_run_without_asking(client):
    """MOB-3: retry a failed run with two taps."""
    deployment = make_deployment(pool=make_work_pool())
    run = make_flow_run("FAILED", deployment=deployment, flow=deployment.flow)

    answer = client.post("/attention/retry", {"run": str(run.pk)})

    assert (answer.status_code, answer.url) == (303, "/")
    run.refresh_from_db()
    assert run.state_name == "AwaitingRetry"


def test_says_why_nothing_was_retried(client):
    run = make_flow_run("FAILED")

    answer = client.post("/attention/retry", {"run": str(run.pk)}, follow=True)

    assert "It belongs to no deployment" in answer.content.decode()


@pytest.mark.parametrize("form", [{}, {"run": "x"}, {"run": "00000000-0000-0000-0000-000000000000"}])
def test_retries_nothing_that_does_not_exist(client, form):
    assert "none was retried" in client.post("/attention/retry", form, follow=True).content.decode()


def test_cancels_what_waits_for_a_pool(client):
    pool = make_work_pool("starving")
    run = waiting_run(pool)
    other = waiting_run(make_work_pool())

    asked = client.post("/attention/cancel-waiting", {"pool": str(pool.pk)})
    assert "Cancel 1 run of starving" in asked.content.decode()

    client.post("/attention/cancel-waiting", {"pool": str(pool.pk), "confirmed": "1", "reason": "maintenance"})
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.state_type, run.state["message"]) == ("CANCELLED", "maintenance")
    assert other.state_type == "SCHEDULED"


def test_pauses_a_deployment_that_fails_and_lets_it_go_on(client):
    deployment = make_deployment(name="etl-eu")

    client.post("/attention/pause-deployment", {"deployment": str(deployment.pk)})
    deployment.refresh_from_db()
    assert deployment.paused
    assert deployment.paused_by["display_value"]

    client.post("/attention/resume-deployment", {"deployment": str(deployment.pk)})
    deployment.refresh_from_db()
    assert not deployment.paused


@pytest.mark.parametrize("path", ["pause-deployment", "resume-deployment", "cancel-waiting"])
def test_knows_nothing_of_what_is_gone(client, path):
    form = {"deployment": "00000000-0000-0000-0000-000000000000", "pool": "00000000-0000-0000-0000-000000000000"}

    assert client.post(f"/attention/{path}", form).status_code == 404


def test_leaves_a_snoozed_cause_out_for_a_while(client):
    make_flow_run("FAILED")
    key = key_of(rows(client)[0])

    answer = client.post("/attention/snooze?for=1d", {"key": key, "next": "/"}, follow=True)

    assert "You are not told of it for 1 day." in answer.content.decode()
    assert rows(client) == []
    assert "Show 1 snoozed" in client.get("/").content.decode()
    Snooze.objects.update(until=now() - timedelta(seconds=1))
    assert len(rows(client)) == 1


def test_leads_back_to_the_stretch_of_time_that_was_looked_at(client):
    make_flow_run("FAILED")
    part = client.get("/?range=7d&fragment=overview").content.decode()
    back = re.search(r'id="deeds">.*?name="next" value="([^"]*)"', part, re.S)[1]

    assert back == "/?range=7d"
    assert client.post("/attention/wake", {"next": back}).url == back


def test_shows_what_was_snoozed_when_asked(client):
    make_flow_run("FAILED")
    key = key_of(rows(client)[0])
    client.post("/attention/snooze", {"key": key})

    client.post("/attention/wake")

    assert len(rows(client)) == 1


def test_snoozes_for_one_reader_alone(client, django_user_model):
    user = django_user_model.objects.create_user("ada", password="x")
    make_flow_run("FAILED")
    key = key_of(rows(client)[0])

    client.force_login(user)
    client.post("/attention/snooze", {"key": key})

    assert rows(client) == []
    client.logout()
    assert len(rows(client)) == 1


def test_offers_a_viewer_nothing_that_changes_anything(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("viewer", password="x"))
    deployment = make_deployment(pool=make_work_pool())
    run = make_flow_run("FAILED", deployment=deployment, flow=deployment.flow)

    (row,) = rows(client)

    assert "Retry" not in row
    assert client.post("/attention/retry", {"run": str(run.pk)}).status_code == 403


def everything_at_once():
    waiting_run(make_work_pool("starving"))
    etl = make_deployment(name="etl-eu")
    for _ in range(2):
        make_flow_run("FAILED", deployment=etl, flow=etl.flow)
    asks = State(StateType.PAUSED, details={"run_input_keyset": {"response": "r"}})
    make_flow_run(asks, flow=make_flow("approval"))
    train = make_deployment(name="train")
    for _ in range(6):
        make_flow_run("COMPLETED", deployment=train, flow=train.flow, seconds=2, started=now() - timedelta(hours=1))
    make_flow_run("RUNNING", deployment=train, flow=train.flow, seconds=900)
    limit = ConcurrencyLimit.objects.create(name="database", limit=1)
    lease = ConcurrencyLease.objects.create(taken_at=now() - timedelta(minutes=10))
    ConcurrencySlot.objects.create(lease=lease, limit=limit, slots=1)
    Event.objects.create(
        event="prefect.automation.action.failed",
        occurred=now(),
        received=now(),
        resource_id="prefect.automation.1",
        resource={"prefect.resource.id": "prefect.automation.1", "prefect.resource.name": "guard"},
        payload={"reason": "The webhook answered 500."},
    )
    parked = make_deployment(name="parked")
    pause_deployment(deployment_id=parked.pk, author={"type": "AUTOMATION", "id": "1", "display_value": "guard"})


def waiting_run(pool):
    due = now() - timedelta(minutes=5)
    state = State(StateType.SCHEDULED, name="Late", details={"scheduled_time": due.isoformat()})
    return make_flow_run(state, started=due, work_queue=pool.default_queue, next_scheduled_start_time=due)


def rows(client):
    return re.findall(r'<li id="c-.*?</details></span></li>', client.get("/?all=1").content.decode(), re.S)


def key_of(row):
    return re.search(r'name="key" value="([^"]+)"', row)[1]


def test_tells_of_a_pool_that_has_a_worker_nothing(client):
    pool = make_work_pool()
    make_worker(pool)
    waiting_run(pool)

    assert rows(client) == []


def test_asks_for_the_last_success_once_for_each_group():
    """However many runs failed, and however many groups they are of."""
    since = now() - timedelta(hours=1)
    for _ in range(4):
        deployment = make_deployment()
        for minutes in (40, 30, 20):
            state = "COMPLETED" if minutes == 30 else "FAILED"
            make_flow_run(
                state, deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=minutes)
            )
    adhoc = make_flow_run("CRASHED", started=now() - timedelta(minutes=10))

    with CaptureQueriesContext(connection) as asked:
        found = read_failing(since)

    assert [(one.count, len(one.runs)) for one in found] == [(1, 1)] * 5
    assert found[0].last == adhoc
    assert len(asked) == 2
    assert "EXISTS" not in asked[0]["sql"] + asked[1]["sql"]


@pytest.mark.parametrize(("successes", "words"), [((), "3+ runs"), ((35,), "2 runs")])
def test_says_that_there_may_be_more_than_it_read(monkeypatch, successes, words):
    """After a success among those that were read, nothing can have been left out."""
    monkeypatch.setattr(failures, "READ", 3)
    deployment = make_deployment()
    for state, minutes in [*(("FAILED", at) for at in (50, 40, 30, 20)), *(("COMPLETED", at) for at in successes)]:
        make_flow_run(state, deployment=deployment, flow=deployment.flow, started=now() - timedelta(minutes=minutes))

    (found,) = read_failing(now() - timedelta(hours=1))

    assert found.words == words


def test_keeps_a_bounded_number_of_snoozes(monkeypatch):
    """Those of one reader that end first go; what was snoozed just now stays."""
    monkeypatch.setattr(snoozing, "MOST_SNOOZES", 3)
    at = now()
    for key, hours in (("a", 5), ("b", 2), ("c", 4), ("d", 1)):
        snoozing.snooze(user_id=None, key=key, until=at + timedelta(hours=hours), now=at)

    assert set(Snooze.objects.values_list("key", flat=True)) == {"a", "c", "d"}
