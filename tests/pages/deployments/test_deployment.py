"""The page of one deployment."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest

from deployments.models import Deployment, DeploymentSchedule
from deployments.pages.grid import read_short_id, short_id
from deployments.services.deployments import pause_deployment, update_deployment
from orchestrator.contract.times import now
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow, make_flow_run, make_task_run, make_work_pool, make_worker
from tests.pages.markup import without_style

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14
SCHEMA = {
    "type": "object",
    "required": ["table"],
    "properties": {
        "region": {"type": "string", "default": "eu", "position": 0, "description": "Where it is"},
        "table": {"type": "string", "position": 1},
        "days": {"type": "integer", "default": 7, "position": 2},
    },
}


@pytest.fixture
def pool():
    pool = make_work_pool("cluster")
    make_worker(pool)
    return pool


@pytest.fixture
def found(pool):
    return make_deployment(
        make_flow("etl"),
        name="nightly",
        pool=pool,
        status="READY",
        description="Loads **orders** <script>alert(1)</script>",
        parameters={"days": 3},
        parameter_openapi_schema=SCHEMA,
        job_variables={"image": "etl:2"},
        pull_steps=[{"git_clone": {"repository": "x"}}],
        tags=["prod"],
    )


@pytest.fixture
def read(client, found):
    return lambda query="": client.get(f"/deployments/deployment/{found.pk}{query}").content.decode()


def test_shows_what_it_is(read, found):
    page = read()

    assert page.count("<h1") == 1
    assert "<h1>nightly</h1>" in page
    assert "<title>nightly · deployment of etl · Orchestrator</title>" in page
    assert "<strong>orders</strong>" in page
    assert "<script>alert" not in page
    assert "etl:2" in page
    assert "git_clone" in page
    assert f"/flows/flow/{found.flow_id}" in page
    assert "/work-pools/work-pool/cluster" in page
    assert "Ready</span>" in page


def test_shows_parameters_with_their_values_and_where_these_come_from(read):
    rows = re.findall(r'<tr><td class="mono">(\w+)</td>.*?</tr>', read())
    page = read()

    assert rows == ["region", "table", "days"]
    assert '&quot;eu&quot;</td><td class="muted">the flow&#x27;s default' in page.replace("'s", "&#x27;s")
    assert '>3</td><td class="muted">this deployment' in page
    assert "each run has to give it" in page


@pytest.mark.parametrize("prefix", ["", "/v2"])
@pytest.mark.parametrize("end", ["", "/"])
def test_answers_at_the_addresses_that_clients_print(client, found, prefix, end):
    assert client.get(f"{prefix}/deployments/deployment/{found.pk}{end}").status_code == 200


def test_answers_404_for_one_that_does_not_exist(client):
    assert client.get(f"/deployments/deployment/{uuid4()}").status_code == 404


def test_tells_why_its_runs_do_not_begin(client):
    """DEP-1: with what to do about it."""
    alone = make_deployment(pool=make_work_pool("deserted"))

    page = client.get(f"/deployments/deployment/{alone.pk}").content.decode()

    assert "Not ready</span>" in page
    assert "No worker has ever served work pool deserted." in page
    assert "orchestrator worker start" in page


def test_tells_who_paused_it(read, found):
    """DEP-2: on its page, in the part that is fetched when it changes."""
    pause_deployment(deployment_id=found.pk, author={"id": "1", "type": "USER", "display_value": "alice"})

    header = read("?fragment=header")

    assert "Paused</span>" in header
    assert "by alice" in header
    assert "Resume</button>" in header
    assert "Not ready" not in header


def test_forgets_who_paused_it_when_it_is_resumed(read, found):
    update_deployment(deployment_id=found.pk, changes={"paused": True}, author={"display_value": "alice"})
    update_deployment(deployment_id=found.pk, changes={"paused": False})

    assert Deployment.objects.values_list("paused_at", "paused_by").get() == (None, None)
    assert "by alice" not in read("?fragment=header")


def test_keeps_who_paused_it_first(found):
    for name in ("alice", "bob"):
        pause_deployment(deployment_id=found.pk, author={"display_value": name})

    assert Deployment.objects.get().paused_by == {"display_value": "alice"}


def test_draws_a_grid_of_runs_and_tasks(read, found):
    older = make_flow_run("COMPLETED", flow=found.flow, deployment=found, started=now() - timedelta(hours=2))
    newer = make_flow_run("FAILED", flow=found.flow, deployment=found, started=now() - timedelta(hours=1), name="fox")
    make_task_run("COMPLETED", flow_run=older, task="extract")
    make_task_run("COMPLETED", flow_run=newer, task="extract", started=now() - timedelta(minutes=50))
    make_task_run("COMPLETED", flow_run=newer, task="load", started=now() - timedelta(minutes=40))
    make_task_run("FAILED", flow_run=newer, task="load", started=now() - timedelta(minutes=30))

    grid = read("?fragment=grid")

    assert re.findall(r'<th scope="row">(\w+)', grid) == ["extract", "load"]
    assert grid.index(f"flow-run/{older.pk}") < grid.index(f"flow-run/{newer.pk}")
    assert 'aria-label="fox: Failed' in grid
    assert 'title="1 Completed, 1 Failed"' in grid or 'title="1 Failed, 1 Completed"' in grid
    assert grid.count("<td></td>") == 1  # the older run did not load


def test_leads_from_a_cell_to_what_the_task_logged(client, read, found):
    """DEP-4: the log of the run, only the lines of this task."""
    run = make_flow_run("FAILED", flow=found.flow, deployment=found)
    task = make_task_run("FAILED", flow_run=run, task="load")

    address = re.search(r'<td><a href="([^"]+)"', read("?fragment=grid"))[1]

    assert client.get(address).url == f"/runs/flow-run/{run.pk}?task={task.pk}#part-logs"


@pytest.mark.parametrize("short", ["A" * 22, "_" * 22])
def test_answers_404_for_a_cell_of_nothing(client, short):
    assert client.get(f"/deployments/t/{short}").status_code == 404


def test_shortens_identifiers_without_loss():
    identifier = uuid4()

    assert read_short_id(short_id(identifier)) == identifier
    assert len(short_id(identifier)) == 22


def test_shows_more_tasks_when_asked(read, found):
    run = make_flow_run("COMPLETED", flow=found.flow, deployment=found)
    for number in range(15):
        make_task_run("COMPLETED", flow_run=run, task=f"task{number}", task_key=f"task{number}-1a2b3c4d")

    assert "Show 3 more tasks" in read("?fragment=grid")
    assert len(re.findall(r'<th scope="row">', read("?fragment=grid&grid=all"))) == 15


def test_lists_runs_and_keeps_what_is_planned_apart(read, found):
    make_flow_run("COMPLETED", flow=found.flow, deployment=found, name="past")
    due = now() + timedelta(hours=2)
    make_flow_run("SCHEDULED", flow=found.flow, deployment=found, name="soon", next_scheduled_start_time=due)

    runs = read("?fragment=runs")

    assert runs.index("soon") < runs.index("past")
    assert f"/runs/?deployment={found.pk}" in runs


def test_asks_a_bounded_number_of_questions(client, found, django_assert_max_num_queries):
    for _ in range(5):
        DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 900})
        run = make_flow_run("FAILED", flow=found.flow, deployment=found)
        for _ in range(4):
            make_task_run("COMPLETED", flow_run=run)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/deployments/deployment/{found.pk}")


def test_is_small_enough(read, found):
    for number in range(25):
        run = make_flow_run("FAILED", flow=found.flow, deployment=found)
        for task in range(12):
            make_task_run("COMPLETED" if task < number else "FAILED", flow_run=run, task_key=f"task{task}-1a2b3c4d")

    assert len(without_style(read()).encode()) < 60_000


def test_runs_it_with_one_click(client, found):
    response = client.post(f"/deployments/deployment/{found.pk}/start")

    run = FlowRun.objects.get()
    assert (response.status_code, response.url) == (303, f"/runs/flow-run/{run.pk}")
    assert (run.deployment_id, run.parameters, run.state_type) == (found.pk, {"days": 3}, "SCHEDULED")


def test_runs_it_as_the_last_time(client, found):
    circumstances = {"parameters": {"days": 9, "table": "a"}, "job_variables": {"cpu": 2}, "tags": ["prod", "mine"]}
    make_flow_run("FAILED", flow=found.flow, deployment=found, **circumstances)

    client.post(f"/deployments/deployment/{found.pk}/start", {"as": "last"})

    run = FlowRun.objects.get(state_type="SCHEDULED")
    assert (run.parameters, run.job_variables) == ({"days": 9, "table": "a"}, {"cpu": 2})
    assert sorted(run.tags) == ["mine", "prod"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"days": 9, "table": "<a>", "region": "eu"}, "Last time table <a>, days 9 instead of 3"),
        ({"days": 3}, "Last time with the parameters of the deployment"),
        (
            {"days": 1, "table": "a", "region": "us", "x": 1, "y": 2},
            "Last time region us instead of eu, table a, days 1 instead of 3 and 2 more",
        ),
    ],
)
def test_tells_how_the_last_time_differed(read, found, parameters, words):
    """Before somebody asks for the same once more."""
    make_flow_run("COMPLETED", flow=found.flow, deployment=found, parameters=parameters)

    told = re.search(r'id="last-time">(.*?)</span>', read("?fragment=header"))[1]

    assert words in html.unescape(re.sub("<.*?>", "", told))


def test_says_which_schedule_planned_a_run(read, found):
    schedule = DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 900})
    by = {"id": str(schedule.pk), "type": "SCHEDULE", "display_value": "IntervalSchedule"}
    due = now() + timedelta(minutes=5)
    make_flow_run("SCHEDULED", flow=found.flow, deployment=found, next_scheduled_start_time=due, created_by=by)

    assert "planned by every 15 min" in read("?fragment=runs")


def test_links_to_the_badge_where_it_is_shown(client, admin_client, found):
    """DEP-5: nobody is led to a picture that is not shown to them."""
    address = f"/deployments/deployment/{found.pk}"
    link = f'href="{address}/badge.svg"'

    assert [link in one.get(address).content.decode() for one in (client, admin_client)] == [False, True]
    update_deployment(deployment_id=found.pk, changes={"badge_is_public": True})
    assert link in client.get(address).content.decode()


def test_says_why_it_cannot_be_run(client, found):
    Deployment.objects.update(enforce_parameter_schema=True)

    response = client.post(f"/deployments/deployment/{found.pk}/start", follow=True)

    assert not FlowRun.objects.exists()
    assert "It cannot be run like this" in response.content.decode()


def test_is_paused_and_resumed(client, found):
    client.post(f"/deployments/deployment/{found.pk}/switch", {"do": "pause"})
    paused = Deployment.objects.get()
    page = client.get(f"/deployments/deployment/{found.pk}").content.decode()
    client.post(f"/deployments/deployment/{found.pk}/switch", {"do": "resume"})

    assert paused.paused
    assert paused.paused_by["type"] == "PAGE"
    assert "on these pages" in page
    assert "nightly is paused." in page
    assert not Deployment.objects.get().paused


def test_asks_before_it_deletes(client, found):
    DeploymentSchedule.objects.create(deployment=found, schedule={"interval": 900})
    make_flow_run("COMPLETED", flow=found.flow, deployment=found)
    make_flow_run("SCHEDULED", flow=found.flow, deployment=found)
    address = f"/deployments/deployment/{found.pk}/delete"

    asked = client.post(address).content.decode()
    still = Deployment.objects.exists()
    client.post(address, {"confirmed": "1"})

    assert re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", asked)[1:] == [
        ("Schedules that go", "1"),
        ("Runs that have not begun, and go", "1"),
        ("Runs in all; those that began stay, without a deployment", "2"),
    ]
    assert still
    assert not Deployment.objects.exists()
    assert FlowRun.objects.count() == 1


def test_pauses_several_after_asking(client, pool):
    marked = [make_deployment(pool=pool, paused=number == 1) for number in range(3)]
    fields = {"do": "pause", "deployment": [str(one.pk) for one in marked[:2]] + ["nonsense"]}

    asked = client.post("/deployments/bulk", fields).content.decode()
    before = Deployment.objects.filter(paused=True).count()
    response = client.post("/deployments/bulk", fields | {"confirmed": "1"}, follow=True)

    assert "Pause 2 deployments" in asked
    assert "<dt>Of these so already</dt><dd>1</dd>" in asked
    assert before == 1
    assert set(Deployment.objects.filter(paused=True)) == set(marked[:2])
    assert "1 of 2 deployments are paused; the others were so already." in response.content.decode()


def test_goes_back_to_a_version_after_asking(client, found):
    update_deployment(deployment_id=found.pk, changes={"description": "new"})
    address = f"/deployments/deployment/{found.pk}/versions/1"

    shown = client.get(address).content.decode()
    asked = client.post(f"{address}/restore").content.decode()
    client.post(f"{address}/restore", {"confirmed": "1"})

    assert "Go back to this version" in shown
    assert "description" in shown
    assert "Go back to version 1" in asked
    assert Deployment.objects.get().description == found.description
