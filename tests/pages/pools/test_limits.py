"""The pages of concurrency limits."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from deployments.models import Deployment
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from orchestrator.events.models import Event
from runs.errors import SlotsNotFree
from runs.models import ConcurrencyLease, ConcurrencyLimit
from runs.services.concurrency_limits import create_limit
from runs.services.concurrency_slots import lease_slots, take_slots
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
MOST_QUERIES_OF_LIST = 8
MOST_QUERIES = 14


@pytest.fixture
def limit():
    return create_limit(name="warehouse", limit=2)


@pytest.fixture
def shown(client, limit):
    """The page of the limit as text."""
    return lambda query="": client.get(f"/concurrency-limits/concurrency-limit/{limit.pk}{query}").content.decode()


def held_by(run, *names, kind="flow_run"):
    """A lease of the run on a slot of each limit."""
    taken = lease_slots(names=names, slots=1, seconds=300, holder_type=kind, holder_id=run.pk)
    return ConcurrencyLease.objects.get(pk=taken.lease_id)


def waits_for(limit, **columns):
    deployment = make_deployment(global_concurrency_limit=limit)
    details = {"scheduled_time": format_time(now())}
    state = State(StateType.SCHEDULED, name="AwaitingConcurrencySlot", details=details)
    return make_flow_run(state, deployment=deployment, flow=deployment.flow, **columns)


def test_lists_who_holds_a_slot(shown, limit):
    """CFG-1: each with a link, since when, and until when."""
    run, task = make_flow_run(), make_task_run()
    held_by(run, "warehouse")
    held_by(task, "warehouse", kind="task_run")

    page = shown()

    assert f'<a href="/runs/flow-run/{run.pk}">{run.name}</a>' in page
    assert f'<a href="/runs/task-run/{task.pk}">{task.name}</a>' in page
    assert "Full</span>" in page
    assert "2 of 2 slots in use" in page


def test_shows_a_holder_that_it_does_not_know(shown, limit):
    run = make_flow_run()
    held_by(run, "warehouse")
    run.delete()

    assert "unknown here" in shown()


def test_says_that_nobody_knows_who_took_slots_without_a_lease(shown, limit):
    take_slots(names=["warehouse"], slots=2)

    page = shown()

    assert "2 slots are in use that were taken without a lease" in page


def test_lists_the_runs_that_wait_for_a_slot(shown, limit):
    run = waits_for(limit)

    page = shown("?fragment=slots")

    assert f'<a href="/runs/flow-run/{run.pk}">{run.name}</a>' in page
    assert "AwaitingConcurrencySlot" in page


def test_lists_who_asks_for_a_slot_by_its_name(client, shown, limit):
    """CFG-1: the runs that were refused, with links, and when each asks again."""
    take_slots(names=["warehouse"], slots=2)
    run, task = make_flow_run(), make_task_run()
    for kind, waiting in (("flow_run", run), ("task_run", task)):
        with pytest.raises(SlotsNotFree):
            held_by(waiting, "warehouse", kind=kind)

    page = shown("?fragment=slots")

    assert f'<a href="/runs/flow-run/{run.pk}">{run.name}</a>' in page
    assert f'<a href="/flows/flow/{run.flow_id}">{run.flow.name}</a>' in page
    assert f'<a href="/runs/task-run/{task.pk}">{task.name}</a>' in page
    assert "<dt>Waiting</dt><dd>2</dd>" in page
    assert "Nobody waits" not in page


def test_lists_the_task_runs_that_wait_for_their_tag(client):
    limit = create_limit(name="tag:db", limit=1)
    waiting, other = make_task_run("PENDING", tags=["db"]), make_task_run("PENDING", tags=["x"])
    for run in (waiting, other):
        for tag in run.tags:
            run.tag_rows.create(tag=tag)

    page = client.get(f"/concurrency-limits/concurrency-limit/{limit.pk}").content.decode()

    assert waiting.name in page
    assert other.name not in page


def test_frees_one_slot_after_a_question_and_keeps_who_and_why(client, shown, limit, admin_user):
    client.force_login(admin_user)
    lease = held_by(make_flow_run(), "warehouse")
    kept = held_by(make_flow_run(), "warehouse")
    path = f"/concurrency-limits/concurrency-limit/{limit.pk}/free/{lease.pk}"

    assert "The holder is not stopped" in client.post(path).content.decode()
    assert ConcurrencyLease.objects.count() == 2

    answer = client.post(path, {"confirmed": "1", "reason": "its host is gone"})
    event = Event.objects.get(event="prefect.concurrency-limit.slots-freed")
    assert answer.status_code == 303
    assert list(ConcurrencyLease.objects.all()) == [kept]
    assert event.payload["slots"] == 1
    assert event.payload["reason"] == "its host is gone"
    assert event.payload["freed_by"]["display_value"] == admin_user.username
    assert event.payload["holders"][0]["lease_id"] == str(lease.pk)


def test_says_who_holds_it_and_what_else_a_lease_frees(client, limit):
    create_limit(name="api", limit=1)
    lease = held_by(make_flow_run(name="solar-crow"), "warehouse", "api")

    question = client.post(f"/concurrency-limits/concurrency-limit/{limit.pk}/free/{lease.pk}").content.decode()

    assert "<dd>solar-crow, which is Running</dd>" in question
    assert "The holder is not stopped" in question
    assert "Also frees" in question
    assert "<dd>api</dd>" in question


def test_frees_every_slot(client, limit):
    held_by(make_flow_run(), "warehouse")
    take_slots(names=["warehouse"], slots=1)

    answer = client.post(
        f"/concurrency-limits/concurrency-limit/{limit.pk}/free", {"confirmed": "1"}, follow=True
    ).content.decode()

    assert "2 slots of warehouse are free." in answer
    assert "Free</span>" in answer
    assert not ConcurrencyLease.objects.exists()


def test_says_that_a_slot_was_given_back_meanwhile(client, limit):
    lease = held_by(make_flow_run(), "warehouse")
    path = f"/concurrency-limits/concurrency-limit/{limit.pk}/free/{lease.pk}"
    lease.delete()

    page = client.post(path, {"confirmed": "1"}, follow=True).content.decode()

    assert "has given the slot back already" in page


def test_makes_limits_of_names_and_tags(client):
    client.post("/concurrency-limits/new", {"kind": "global", "name": "api", "limit": "3"})
    client.post("/concurrency-limits/new", {"kind": "tag", "name": "db", "limit": "1", "slot_decay_per_second": "0.5"})

    assert ConcurrencyLimit.objects.get(name="api").limit == 3
    assert ConcurrencyLimit.objects.get(tag="db").slot_decay_per_second == 0.5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "warehouse", "limit": "1"}, "warehouse"),
        ({"name": "", "limit": "1"}, "a name is needed"),
        ({"name": "x", "limit": "many"}, "a whole number"),
        ({"name": "x", "limit": "-1"}, "a whole number"),
        ({"name": "x", "limit": ""}, "a whole number"),
        ({"name": "x", "limit": "1", "slot_decay_per_second": "fast"}, "a number, 0 or more"),
    ],
)
def test_says_what_is_wrong_with_a_new_limit(client, limit, fields, said):
    page = client.post("/concurrency-limits/new", {"kind": "global", **fields}, follow=True).content.decode()

    assert "No limit was made" in page
    assert said in page
    assert ConcurrencyLimit.objects.count() == 1


def test_changes_switches_and_deletes_a_limit(client, limit):
    base = f"/concurrency-limits/concurrency-limit/{limit.pk}"

    client.post(f"{base}/edit", {"limit": "5", "slot_decay_per_second": "0.1"})
    client.post(f"{base}/deactivate")
    limit.refresh_from_db()
    assert (limit.limit, limit.slot_decay_per_second, limit.active) == (5, 0.1, False)

    client.post(f"{base}/activate")
    client.post(f"{base}/delete")
    limit.refresh_from_db()
    assert limit.active

    client.post(f"{base}/delete", {"confirmed": "1"})
    assert not ConcurrencyLimit.objects.exists()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["db", "nightly", "warehouse"]),
        ("?kind=tag", ["db"]),
        ("?kind=deployment", ["nightly"]),
        ("?kind=global", ["warehouse"]),
        ("?q=night", ["nightly"]),
        ("?q=house", ["warehouse"]),
    ],
)
def test_narrows_the_list(client, limit, query, names):
    create_limit(name="tag:db", limit=1)
    deployment = make_deployment(name="nightly")
    create_limit(name=f"deployment:{deployment.pk}", limit=1)

    page = client.get(f"/concurrency-limits/{query}").content.decode()

    assert [name for name in ("db", "nightly", "warehouse") if f">{name}</a></td>" in page] == names


def test_counts_in_the_list_what_is_in_use_and_what_waits(client, limit):
    held_by(make_flow_run(), "warehouse")
    waits_for(limit)
    waits_for(limit)

    file = client.get("/concurrency-limits/?export=json")
    (row,) = json.loads(b"".join(file.streaming_content))

    assert (row["in_use"], row["waiting"], row["limit"]) == (1, 2, 2)


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("-state", ["full", "free", "off"]),
        ("-used", ["full", "free", "off"]),
        ("-waiting", ["full", "free", "off"]),
        ("waiting", ["free", "off", "full"]),
        ("-limit", ["free", "off", "full"]),
        ("-decay", ["off", "full", "free"]),
    ],
)
def test_sorts_the_list_by_what_is_stored_and_what_goes_on(client, sort, names):
    create_limit(name="free", limit=9)
    create_limit(name="off", limit=5, active=False, slot_decay_per_second=1.0)
    create_limit(name="full", limit=1)
    for _ in range(2):
        with suppress(SlotsNotFree):
            held_by(make_flow_run(), "full")

    page = client.get(f"/concurrency-limits/?sort={sort}").content.decode()

    shown = [limit.name for limit in sorted(ConcurrencyLimit.objects.all(), key=lambda one: page.index(f">{one}</a>"))]
    assert shown == names


def test_says_how_to_make_the_first_limit(client):
    assert "orchestrator concurrency-limit create" in client.get("/concurrency-limits/").content.decode()


def test_is_found_by_the_link_that_clients_print(client, limit):
    """LINK-1: with and without a slash; an unknown one is told of."""
    path = f"/concurrency-limits/concurrency-limit/{limit.pk}"

    assert [client.get(path + end).status_code for end in ("", "/")] == [200, 200]
    limit.delete()
    assert client.get(path).status_code == 404


def test_refuses_a_viewer(client, limit, settings, django_user_model):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("vera"))
    held_by(make_flow_run(), "warehouse")
    base = f"/concurrency-limits/concurrency-limit/{limit.pk}"

    page = client.get(base).content.decode()

    assert "Free all slots" not in page
    assert client.post(f"{base}/free", {"confirmed": "1"}).status_code == 403
    assert client.post("/concurrency-limits/new", {"name": "x", "limit": "1"}).status_code == 403
    assert ConcurrencyLease.objects.count() == 1


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    for number in range(4):
        limit = create_limit(name=f"l{number}", limit=9)
        create_limit(name=f"tag:t{number}", limit=9)
        create_limit(name=f"deployment:{make_deployment().pk}", limit=9)
        held_by(make_flow_run(), limit.name)
        waits_for(limit)

    for query in ("", "?sort=-waiting"):
        with django_assert_max_num_queries(MOST_QUERIES_OF_LIST):
            client.get(f"/concurrency-limits/{query}")
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/concurrency-limits/concurrency-limit/{limit.pk}")
    assert Deployment.objects.count() == 8
