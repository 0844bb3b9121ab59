"""Doing one thing to many runs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs import tasks
from runs.models import BulkAction, BulkActionItem, FlowRun, FlowRunTag
from runs.orchestration.transition import RunKind
from runs.services.bulk import deeds, working
from runs.services.bulk.asking import start_bulk_action, stop_bulk_action
from runs.services.transitions import propose_state
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment():
    return make_deployment(pool=make_work_pool())


@pytest.fixture
def run_of(deployment):
    return lambda state, **columns: make_flow_run(
        state, flow=deployment.flow, deployment=deployment, work_queue=deployment.work_queue, **columns
    )


@pytest.fixture
def post(client):
    """Post the bar of the list; confirmed unless told otherwise."""

    def send(do: str, *runs: FlowRun, confirmed: bool = True, **fields):
        data = {"do": do, "run": [str(run.pk) for run in runs], "query": "", **fields}
        return client.post("/runs/bulk", data | ({"confirmed": "1"} if confirmed else {}))

    return send


def work() -> BulkAction:
    while working.work_on_bulk_actions():
        pass
    return BulkAction.objects.latest("id")


def counts(action: BulkAction) -> tuple[int, int, int]:
    return action.done, action.skipped, action.failed


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for name in FlowRun.objects.values_list("state_name", flat=True):
        found[name] = found.get(name, 0) + 1
    return found


def test_asks_first_and_says_what_it_would_touch(post, run_of):
    """RUNS-5: the confirm page shows the number, the states, examples, and what is left alone and why."""
    failed = [run_of("FAILED", name=f"bad-{number}") for number in range(7)]
    others = [run_of("COMPLETED"), make_flow_run("FAILED"), run_of("RUNNING")]

    body = post("retry", *failed, *others, confirmed=False).content.decode()

    assert "<h1>Retry 7 runs</h1>" in body
    assert "8 Failed, 1 " in body
    assert len(re.findall(r"bad-\d", body)) == 5
    assert "<li>1: it is completed</li>" in body
    assert "only the program that started it can begin it again" in body
    assert body.count('name="run"') == 10
    assert not BulkAction.objects.exists()


def test_acts_on_all_that_match_the_filter(client, post, run_of):
    """RUNS-5: selecting all that match acts on all of them, on every page of the list."""
    for number in range(60):
        run_of("FAILED", tags=["mine"], started=now() - timedelta(minutes=number))
    run_of("FAILED", tags=["other"])
    query = "state=failed&tag=mine&size=25"

    assert "Retry 60 runs" in post("retry", all="1", query=query, confirmed=False).content.decode()
    answer = post("retry", all="1", query=query, reason="the lake is back")
    action = work()

    assert answer.status_code == 303
    assert answer.url == f"/runs/bulk/{action.pk}"
    assert counts(action) == (60, 0, 0)
    assert (action.total, action.reason, action.query) == (60, "the lake is back", query)
    assert states() == {"AwaitingRetry": 60, "Failed": 1}
    message = FlowRun.objects.filter(state_name="AwaitingRetry").first().state["message"]
    assert "the lake is back" in message


def test_leaves_runs_alone_that_came_after_the_list_was_looked_at(client, post, run_of):
    run_of("FAILED")
    page = client.get("/runs/?state=failed").content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
    run_of("FAILED")

    body = post("retry", all="1", query="state=failed", seen=seen, confirmed=False).content.decode()

    assert "Retry 1 run<" in body
    assert f'name="seen" value="{seen}"' in body


@pytest.mark.parametrize(
    ("do", "before", "fields", "after"),
    [
        ("retry", "FAILED", {}, "AwaitingRetry"),
        ("cancel", "RUNNING", {}, "Cancelling"),
        ("cancel", "SCHEDULED", {}, "Cancelled"),
        ("pause", "RUNNING", {}, "Suspended"),
        ("set-state", "FAILED", {"state": "COMPLETED"}, "Completed"),
        ("set-state", "RUNNING", {"state": "CRASHED"}, "Crashed"),
    ],
)
def test_changes_states_by_the_rules(post, run_of, do, before, fields, after):
    post(do, run_of(before), **fields)

    assert counts(work()) == (1, 0, 0)
    assert states() == {after: 1}


def test_resumes_but_leaves_those_that_wait_for_input(post, run_of):
    ready = run_of(State(StateType.PAUSED, details={"pause_reschedule": True}))
    asking = run_of(State(StateType.PAUSED, details={"run_input_keyset": {"base": "x"}}))

    post("resume", ready, asking)

    assert counts(work()) == (1, 1, 0)
    assert states() == {"Resuming": 1, "Paused": 1}


def test_deletes_what_is_not_under_way(post, run_of):
    gone, stays = run_of("FAILED"), run_of("RUNNING")

    post("delete", gone, stays)

    assert counts(work()) == (1, 1, 0)
    assert list(FlowRun.objects.all()) == [stays]


def test_adds_a_tag(post, run_of):
    plain, tagged = run_of("COMPLETED", tags=["a"]), run_of("COMPLETED", tags=["keep"])

    post("add-tag", plain, tagged, tag=" keep ")

    assert counts(work()) == (1, 1, 0)
    assert FlowRun.objects.get(pk=plain.pk).tags == ["a", "keep"]
    assert FlowRunTag.objects.filter(tag="keep").count() == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"do": "explode"}, "Nothing was chosen"),
        ({"do": "set-state", "state": "RUNNING"}, "There is no such state"),
        ({"do": "add-tag", "tag": " "}, "Say which tag"),
        ({"do": "retry", "run": ["nonsense"]}, "No run was retried"),
        ({"do": "cancel"}, "none is selected"),
    ],
)
def test_refuses_what_makes_no_sense(client, fields, words):
    answer = client.post("/runs/bulk", {"query": "state=failed", **fields}, follow=True)

    assert answer.redirect_chain == [("/runs/?state=failed", 303)]
    assert words in answer.content.decode()


def test_reports_runs_that_changed_meanwhile_as_left_alone(post, run_of):
    """BULK-2: runs that changed state meanwhile are reported as skipped."""
    quick, slow, gone = run_of("RUNNING", name="quick"), run_of("RUNNING"), run_of("RUNNING", name="gone")
    post("cancel", quick, slow, gone)
    propose_state(kind=RunKind.FLOW_RUN, run_id=quick.pk, proposal=State(StateType.COMPLETED))
    gone.delete()

    action = work()

    assert counts(action) == (1, 2, 0)
    told = dict(action.items.filter(outcome="skipped").values_list("run_name", "words"))
    assert told == {"quick": "it has ended (Completed)", "gone": "it was deleted meanwhile"}


def test_shows_how_far_it_came(client, run_of):
    """BULK-1: progress moves and the numbers add up."""
    runs = [run_of("RUNNING") for _ in range(30)] + [run_of("COMPLETED", name="over")]
    action = start_bulk_action(deed="cancel", run_ids=[run.pk for run in runs], reason="storm")
    page = f"/runs/bulk/{action.pk}"

    before = client.get(page).content.decode()
    working.work_on_bulk_actions()
    between = client.get(f"{page}?fragment=progress").content.decode()
    work()
    after = client.get(page).content.decode()

    assert "0 of 31" in before
    assert "31 to come" in before
    assert "storm" in before
    assert "25 of 31" in between
    assert "6 to come" in between
    assert 'data-poll="2"' in between
    assert "31 of 31" in after
    assert "30 cancelled" in after
    assert "1 left alone" in after
    assert "it has ended (Completed)" in after
    assert "data-poll" not in after
    assert "data-live" not in after.split("<main", 1)[1]


def test_goes_on_where_a_dead_process_left_it(run_of, monkeypatch):
    runs = [run_of("RUNNING") for _ in range(10)]
    action = start_bulk_action(deed="cancel", run_ids=[run.pk for run in runs])
    done = []

    def die_at_the_fifth(run, action):
        if len(done) == 4:
            raise SystemExit
        done.append(run.pk)
        return deeds.do_to(run, action)

    monkeypatch.setattr(working, "do_to", die_at_the_fifth)
    with pytest.raises(SystemExit):
        working.work_on_bulk_actions()
    action.refresh_from_db()
    assert counts(action) == (4, 0, 0)
    monkeypatch.undo()

    assert counts(work()) == (10, 0, 0)
    assert states() == {"Cancelling": 10}


def test_tells_what_was_refused_and_goes_on(run_of, monkeypatch):
    """One that the rules refuse does not hold up the others."""
    first, second = run_of("RUNNING"), run_of("RUNNING")

    def refuse_one(run, action):
        if run.pk == first.pk:
            raise deeds.Refused("the moon is full")
        deeds.do_to(run, action)

    monkeypatch.setattr(working, "do_to", refuse_one)
    start_bulk_action(deed="cancel", run_ids=[first.pk, second.pk])

    action = work()

    assert counts(action) == (1, 0, 1)
    assert action.items.get(outcome="failed").words == "the moon is full"


def test_can_be_stopped(client, run_of):
    runs = [run_of("RUNNING") for _ in range(40)]
    action = start_bulk_action(deed="cancel", run_ids=[run.pk for run in runs])
    working.work_on_bulk_actions()

    asked = client.post(f"/runs/bulk/{action.pk}/stop")
    answer = client.post(f"/runs/bulk/{action.pk}/stop", {"confirmed": "1"})
    stopped = work()

    assert "15 runs that it has not come to are left alone" in asked.content.decode()
    assert answer.url == f"/runs/bulk/{action.pk}"
    assert (stopped.done, stopped.left, stopped.is_stopped, stopped.ended is not None) == (25, 15, True, True)
    assert "Stopped" in client.get(answer.url).content.decode()
    assert not stop_bulk_action(action_id=action.pk)


def test_touches_a_bounded_number_of_runs(post, run_of, settings):
    settings.MOST_PER_BULK_ACTION = 5
    for _ in range(8):
        run_of("FAILED")

    body = post("retry", all="1", query="state=failed", confirmed=False).content.decode()
    post("retry", all="1", query="state=failed")

    assert "Retry 5 runs" in body
    assert "More runs match." in body
    assert counts(work()) == (5, 0, 0)


def test_looks_for_the_runs_before_it_begins_to_write(run_of):
    """A write transaction stops all others that write, however long the filter takes."""
    run_of("FAILED")

    with CaptureQueriesContext(connection) as asked:
        start_bulk_action(deed="cancel", runs=FlowRun.objects.filter(name__icontains="run"))

    statements = [one["sql"] for one in asked]
    looked, began = (next(at for at, sql in enumerate(statements) if word in sql) for word in ("LIKE", "SAVEPOINT"))
    assert looked < began


def test_remembers_who_asked_for_what(client, post, run_of, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("ana"))
    post("cancel", run_of("RUNNING"), reason="storm <b>")
    work()

    body = client.get("/runs/bulk").content.decode()

    assert "ana" in body
    assert "storm &lt;b&gt;" in body
    assert "Cancel runs" in body


def test_is_refused_to_viewers(client, settings, django_user_model, run_of):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("viewer"))
    run = run_of("RUNNING")
    action = start_bulk_action(deed="cancel", run_ids=[run.pk])

    assert client.post("/runs/bulk", {"do": "cancel", "run": [str(run.pk)], "confirmed": "1"}).status_code == 403
    assert client.post(f"/runs/bulk/{action.pk}/stop", {"confirmed": "1"}).status_code == 403
    assert client.get(f"/runs/bulk/{action.pk}").status_code == 200
    assert "<button>Stop</button>" not in client.get(f"/runs/bulk/{action.pk}").content.decode()


def test_is_done_by_a_service_that_rests_while_there_is_nothing(run_of):
    assert not tasks.bulk_actions.has_work()
    start_bulk_action(deed="cancel", run_ids=[run_of("RUNNING").pk])

    assert tasks.bulk_actions.has_work()
    assert tasks.bulk_actions() == 2  # one run, and the end of the action
    assert not tasks.bulk_actions.has_work()


def test_looks_at_five_thousand_runs_with_a_bounded_number_of_questions(post, run_of, django_assert_max_num_queries):
    """BULK-1: as many runs as one likes cost the page no more questions."""
    template = run_of("SCHEDULED")
    rows = [
        FlowRun(
            name=f"n{number}",
            flow_id=template.flow_id,
            deployment_id=template.deployment_id,
            state=template.state,
            state_type="SCHEDULED",
            state_name="Scheduled",
            expected_start_time=now(),
        )
        for number in range(5_000)
    ]
    FlowRun.objects.bulk_create(rows, batch_size=1000)

    with django_assert_max_num_queries(5):
        asked = post("cancel", all="1", query="state=scheduled&range=all", confirmed=False)
    assert "Cancel 5,001 runs" in asked.content.decode()
    with django_assert_max_num_queries(12):
        post("cancel", all="1", query="state=scheduled&range=all")
    assert BulkActionItem.objects.count() == BulkAction.objects.get().total == 5_001


def test_forgets_old_actions(settings, run_of):
    settings.RUNS_RETENTION_DAYS = 30
    old = start_bulk_action(deed="cancel", run_ids=[run_of("RUNNING").pk])
    work()
    BulkAction.objects.filter(pk=old.pk).update(ended=now() - timedelta(days=31))
    new = start_bulk_action(deed="cancel", run_ids=[run_of("RUNNING").pk])

    assert working.delete_old_bulk_actions() == 1
    assert list(BulkAction.objects.all()) == [new]
    assert BulkActionItem.objects.count() == 1


def test_leaves_subflows_out_of_a_pause(post, run_of):
    child = run_of("RUNNING", parent_task_run=make_task_run())

    answer = post("pause", child)

    assert answer.status_code == 303
    assert not BulkAction.objects.exists()


def test_answers_unknown_actions_with_a_page(client):
    assert client.get("/runs/bulk/00000000-0000-0000-0000-000000000000").status_code == 404
    assert client.get("/runs/bulk/").status_code == 200
