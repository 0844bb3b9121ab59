"""The list of runs."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.pages.keyset import USUAL_SIZE as PAGE_SIZE
from runs.pages.run_rows import make_rows
from tests.factories import make_deployment, make_flow, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


def names(response) -> list[str]:
    return re.findall(r'<td class="name"><a href="[^"]+">([^<]+)</a>', response.content.decode())


@pytest.fixture
def listed(client):
    """The names of the runs at an address of the list."""
    return lambda query="": names(client.get(f"/runs/{query}", follow=True))


@pytest.mark.parametrize("address", ["/runs/", "/runs"])
def test_answers_with_and_without_the_last_slash(client, address):
    assert client.get(address).status_code == 200


def test_lists_the_newest_run_first(listed):
    make_flow_run(name="older", started=now() - timedelta(hours=2))
    make_flow_run(name="newer", started=now() - timedelta(hours=1))

    assert listed() == ["newer", "older"]


def test_asks_as_many_questions_for_many_runs_as_for_one(client, django_assert_max_num_queries):
    for _ in range(PAGE_SIZE + 1):
        run = make_flow_run("COMPLETED", deployment=make_deployment(), tags=["prod"])
        make_task_run("COMPLETED", flow_run=run)

    with django_assert_max_num_queries(MOST_QUERIES):
        response = client.get("/runs/")

    assert len(names(response)) == PAGE_SIZE


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=failed", ["bad"]),
        ("?state=failed&state=late", ["late", "bad"]),
        ("?state=failed,late", ["late", "bad"]),
        ("?state=Late", ["late"]),
        ("?flow=etl-orders", ["bad"]),
        ("?flow=etl-*", ["late", "bad"]),
        ("?flow=*orders", ["bad"]),
        ("?q=goo", ["good"]),
        ("?tag=prod", ["good"]),
        ("?tag=pro", []),  # a tag is a whole word
        ("?range=1h", ["late", "good"]),
        ("?range=all", ["late", "good", "bad", "ancient"]),
        ("?state=failed&flow=hello", []),
    ],
)
def test_filters_by_its_address(listed, query, expected):
    make_flow_run("COMPLETED", name="ancient", started=now() - timedelta(days=20))
    make_flow_run("FAILED", name="bad", flow=make_flow("etl-orders"), started=now() - timedelta(hours=3))
    make_flow_run(
        "COMPLETED", name="good", flow=make_flow("hello"), tags=["prod"], started=now() - timedelta(minutes=20)
    )
    late = State(StateType.SCHEDULED, name="Late")
    make_flow_run(late, name="late", flow=make_flow("etl-lake"), started=now() - timedelta(minutes=10))

    assert listed(query) == expected


def test_finds_a_run_by_its_identifier(listed):
    run = make_flow_run(name="this")
    make_flow_run(name="other")

    assert listed(f"?q={run.id}") == ["this"]


def test_says_which_words_of_the_address_mean_nothing(client):
    make_flow_run(name="one")

    response = client.get("/runs/?state=wonderful&range=century&before=nonsense")

    assert response.status_code == 200
    assert "“state:wonderful” was left out: state takes one of scheduled," in response.content.decode()
    assert "There is no range century" in response.content.decode()
    assert names(response) == ["one"]


def test_turns_pages_without_gaps_or_repetitions(client):
    start = now() - timedelta(hours=1)
    for number in range(2 * PAGE_SIZE + 5):
        make_flow_run(
            "COMPLETED", name=f"n{number}", started=start + timedelta(seconds=number // 2)
        )  # pairs share a time

    first = client.get("/runs/")
    second = client.get(f"/runs/{link(first, 'next')}")
    third = client.get(f"/runs/{link(second, 'next')}")
    back = client.get(f"/runs/{link(third, 'prev')}")

    pages = [names(page) for page in (first, second, third)]
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 5]
    assert len({name for page in pages for name in page}) == 2 * PAGE_SIZE + 5
    assert names(back) == pages[1]


@pytest.mark.parametrize("more", [0, PAGE_SIZE], ids=["one page", "more than one"])
def test_opens_with_what_it_shows_when_more_is_asked_for_at_once(client, more):
    started = now() - timedelta(hours=1)
    for number in range(3 + more):  # some of one moment
        make_flow_run("COMPLETED", name=f"run-{number}", deployment=make_deployment(), started=started)
    newest = make_flow_run("RUNNING", name="newest")
    make_flow_run("COMPLETED", name="too old", started=now() - timedelta(days=8))
    make_flow_run("RUNNING", name="a subflow", parent_task_run=make_task_run(flow_run=newest))
    for name, minutes in (("planned for soon", 30), ("planned for later", 120)):
        due = now() + timedelta(minutes=minutes)
        make_flow_run(State(StateType.SCHEDULED, timestamp=due), name=name, started=due)

    opened, asked = client.get("/runs/"), client.get("/runs/?size=100")

    assert names(opened) == names(asked)[:PAGE_SIZE]
    assert names(opened)[:2] == ["planned for soon", "newest"]
    assert ('rel="next"' in opened.content.decode()) == bool(more)
    assert names(client.get("/runs/?range=30d")) == [*names(opened), "too old"][:PAGE_SIZE]


def test_finds_out_what_is_usual_once_in_a_while(django_assert_num_queries):
    deployment = make_deployment()
    runs = [make_flow_run("COMPLETED", deployment=deployment, seconds=seconds) for seconds in (10, 20, 60)]
    (first, *_) = make_rows(runs, now())

    with django_assert_num_queries(1):  # how many tasks each has
        (again, *_) = make_rows(runs, now())

    assert first.lapse is not None
    assert first.lapse.usual == 20
    assert again.lapse == first.lapse


def link(response, rel: str) -> str:
    found = re.search(rf'<a href="([^"]+)" rel="{rel}"', response.content.decode())
    assert found, f"no link {rel}"
    return found[1].replace("&amp;", "&")


def test_leaves_out_subflows_until_they_are_asked_for(listed):
    parent = make_flow_run(name="parent", started=now() - timedelta(minutes=5))
    make_flow_run(name="child", parent_task_run=make_task_run(flow_run=parent), started=now() - timedelta(minutes=4))

    assert listed() == ["parent"]
    assert listed("?subflows=1") == ["child", "parent"]


def test_leaves_out_what_is_planned_for_later_but_counts_it(client):
    later = now() + timedelta(hours=5)
    make_flow_run(State(StateType.SCHEDULED, timestamp=later), name="tomorrow", started=later)

    response = client.get("/runs/")

    assert names(response) == []
    assert "1 planned for later" in response.content.decode()
    assert names(client.get("/runs/?state=scheduled")) == ["tomorrow"]


def test_says_why_a_run_failed(client):
    make_flow_run("FAILED", message="Flow run encountered an exception: KeyError: 'table'")

    """RUNS-3: failed rows contain the exception's first line."""
    assert ">KeyError: &#x27;table&#x27;</td>" in client.get("/runs/").content.decode()


def test_counts_the_runs_of_each_state(client):
    make_flow_run("COMPLETED")
    make_flow_run("COMPLETED")
    make_flow_run("FAILED")

    body = client.get("/runs/?state=failed").content.decode()

    assert 'Completed <span class="muted">2</span>' in body
    assert 'aria-current="true"><i></i>Failed <span class="muted">1</span>' in body


def test_serves_the_part_that_changes_as_it_stands_in_the_page(client):
    make_flow_run("COMPLETED", tags=["prod"], started=now() - timedelta(hours=3, minutes=5))

    page, part = (
        re.sub(r' data-seen="[^"]+"', "", client.get(address).content.decode())
        for address in ("/runs/", "/runs/?fragment=runs")
    )

    assert part.strip() in page


def test_asks_a_page_with_a_part_it_does_not_have_to_start_over(client):
    assert client.get("/runs/?fragment=nonsense").status_code == 404


def test_tells_a_newcomer_what_to_do(client):
    body = client.get("/runs/").content.decode()

    assert "ORCHESTRATOR_API_URL=http://testserver/api" in body


def test_escapes_what_runs_are_called(client):
    make_flow_run("FAILED", name="<script>alert(1)</script>", message="<img src=x>", tags=["<b>"])

    body = client.get("/runs/").content.decode()

    assert "<script>alert" not in body
    assert "<img" not in body
    assert "<b>" not in body


@pytest.mark.parametrize("state", ["RUNNING", "PENDING"])
def test_reloads_itself_without_a_script_while_something_goes_on(client, state):
    make_flow_run(state)

    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in client.get("/runs/").content.decode()


def test_stays_still_when_all_is_done(client):
    make_flow_run("COMPLETED")

    assert "http-equiv" not in client.get("/runs/").content.decode()


def test_is_closed_to_strangers_where_the_api_is(client, settings, django_user_model):
    settings.API_AUTH = "required"

    assert client.get("/runs/?state=failed").url == "/sign-in?next=/runs/%3Fstate%3Dfailed"
    client.force_login(django_user_model.objects.create_user("ana"))
    assert client.get("/runs/").status_code == 200


def test_allows_scripts_from_nowhere_else(client):
    policy = client.get("/runs/").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_links_only_to_what_exists(client):
    body = client.get("/runs/").content.decode()
    navigation = re.search(r'<nav aria-label="Main">.*?</nav>', body, re.S)[0]

    for address in re.findall(r'href="([^"]+)"', navigation):
        assert client.get(address).status_code in (200, 302), address


def test_reverses_to_the_address_that_clients_print():
    assert reverse("runs:list") == "/runs/"


def test_refuses_an_address_that_no_database_can_look_up(client):
    assert client.get("/runs/?q=%00").status_code == 400


def test_says_when_a_run_is_due_but_has_not_begun(client):
    make_flow_run("SCHEDULED", next_scheduled_start_time=now() - timedelta(minutes=7))
    make_flow_run("SCHEDULED", next_scheduled_start_time=now() + timedelta(minutes=7))

    assert client.get("/runs/").content.decode().count(">due, but nothing has begun it</td>") == 1
