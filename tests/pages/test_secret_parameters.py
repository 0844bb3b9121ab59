"""What the schema of a deployment calls secret is nowhere in the HTML, and survives forms that show stars."""

import json

import pytest
from django.template.loader import render_to_string

from deployments.models import DeploymentVersion
from deployments.services.deployments import update_deployment
from deployments.services.schedules import add_schedules
from orchestrator.contract.states import StateType
from orchestrator.pages.schema_forms import MASK, build_form, read_form, with_kept, with_masks, without_secret_defaults
from tests.factories import make_deployment, make_flow_run
from tests.pages.deployments.test_deployment_edit import FIELDS
from tests.pages.schema_forms.posted import posted

SECRET = {"type": "string", "format": "password", "writeOnly": True}
DATABASE = {"type": "object", "properties": {"host": {"type": "string"}, "password": SECRET}}
SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string"},
        "token": {"anyOf": [SECRET, {"type": "null"}]},
        "usual": SECRET | {"default": "sesame-usual"},
        "database": {"$ref": "#/definitions/Database"},
        "keys": {"type": "array", "items": SECRET},
    },
    "definitions": {"Database": DATABASE},
}
GIVEN = {
    "region": "eu",
    "token": "sesame-token",
    "database": {"host": "db", "password": "sesame-password"},
    "keys": ["sesame-key"],
}
SHOWN = {"region": "eu", "token": MASK, "database": {"host": "db", "password": MASK}, "keys": [MASK]}


@pytest.fixture
def found(db):
    found = make_deployment(name="nightly", parameter_openapi_schema=SCHEMA, parameters=GIVEN)
    schedule = {"schedule": {"cron": "0 2 * * *", "timezone": "UTC"}, "parameters": {"token": "sesame-schedule"}}
    add_schedules(deployment_id=found.pk, schedules=[schedule])
    changes = {"parameters": {**GIVEN, "token": "sesame-new"}}
    update_deployment(deployment_id=found.pk, changes=changes)
    found.refresh_from_db()
    return found


@pytest.fixture
def runs(found):
    other = {**GIVEN, "token": "sesame-other", "region": "us"}
    return [
        make_flow_run(StateType.COMPLETED, flow=found.flow, deployment=found, parameters=parameters)
        for parameters in (GIVEN, other)
    ]


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return b"".join(answer).decode()


def test_are_stars_on_the_pages_of_deployments(client, found):
    here = f"/deployments/deployment/{found.pk}"
    schedule = found.schedules.get()
    last = found.versions.newest_first().first()

    for page in ("", "/edit", "/run", f"/schedules/{schedule.pk}", f"/versions/{last.number}"):
        html = read(client, here + page)
        assert "sesame" not in html, page
        assert MASK in html, page


def test_are_stars_on_the_page_that_asks_before_a_version_is_restored(client, found):
    html = client.post(f"/deployments/deployment/{found.pk}/versions/1/restore").content.decode()

    assert MASK in html
    assert "sesame" not in html


def test_are_stars_on_the_pages_of_runs(client, runs):
    one, other = (run.pk for run in runs)
    here = f"/runs/flow-run/{one}"

    for page in (here, f"{here}/params", f"{here}/compare?with={other}", "/runs?cols=param.token,param.database"):
        html = read(client, page)
        assert "sesame" not in html, page
        assert MASK in html, page
    assert "changed" in read(client, f"{here}/compare?with={other}")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_are_stars_in_the_files_of_the_list_of_runs(client, runs, kind):
    file = read(client, f"/runs?export={kind}")

    assert MASK in file
    assert "sesame" not in file


@pytest.mark.parametrize(
    "query",
    [
        "param.token=sesame-token",
        "param.token=sesame*",
        "param.database.password=sesame*",
        "param.database=*sesame*",
        "param.keys=*sesame*",
        "param.keys.0=sesame-key",
        "param.token=!zebra&param.token=sesame*",
    ],
)
def test_are_not_told_by_what_the_list_of_runs_finds(client, runs, query):
    """Else they could be guessed letter by letter."""
    plain = make_flow_run(StateType.COMPLETED, parameters=GIVEN)  # nothing says what is secret

    page = read(client, f"/runs?{query}")

    assert f'id="run-{plain.pk}"' in page
    assert not [run for run in runs if f'id="run-{run.pk}"' in page]


def test_leave_the_other_parameters_to_be_found(client, runs):
    pages = [read(client, f"/runs?{query}") for query in ("param.region=eu", "param.database.host=d*")]

    assert [[f'id="run-{run.pk}"' in page for run in runs] for page in pages] == [[True, False], [True, True]]


def test_are_stars_in_the_admin(admin_client, found, runs):
    schedule = found.schedules.get()
    pages = [f"runs/flowrun/{runs[0].pk}", f"deployments/deployment/{found.pk}"]
    pages += [f"deployments/deploymentschedule/{schedule.pk}"]
    pages += [f"deployments/deploymentversion/{one.pk}" for one in DeploymentVersion.objects.filter(number__gt=1)]

    for page in pages:
        html = read(admin_client, f"/admin/{page}/change/")
        assert "sesame" not in html, page
        assert MASK in html, page
    first = DeploymentVersion.objects.get(number=1)
    assert "sesame" not in read(admin_client, f"/admin/deployments/deploymentversion/{first.pk}/restore/")


def test_stay_what_they_are_when_stars_come_back(client, found):
    posted = FIELDS | {"parameters": json.dumps({**SHOWN, "region": "us", "keys": ["new"]})}

    client.post(f"/deployments/deployment/{found.pk}/edit", posted)

    found.refresh_from_db()
    assert found.parameters == {**GIVEN, "token": "sesame-new", "region": "us", "keys": ["new"]}


def test_of_a_schedule_stay_what_they_are_when_stars_come_back(client, found):
    schedule = found.schedules.get()
    posted = {"kind": "interval", "every": "2", "unit": "hours", "timezone": "UTC", "active": "1", "do": "save"}
    posted["parameters"] = json.dumps({"token": MASK, "region": "us"})

    client.post(f"/deployments/deployment/{found.pk}/schedules/{schedule.pk}", posted)

    schedule.refresh_from_db()
    assert schedule.schedule["interval"] == 7200
    assert schedule.parameters == {"token": "sesame-schedule", "region": "us"}


def test_are_answered_by_the_api(client, runs):
    assert client.get(f"/api/flow_runs/{runs[0].pk}").json()["parameters"] == GIVEN


@pytest.mark.parametrize(
    ("node", "value", "shown"),
    [
        ({"anyOf": [{"type": "string"}, SECRET]}, "a", MASK),  # which of the two it is, nobody knows
        ({"writeOnly": True, "type": "object"}, {"a": 1}, MASK),
        ({"format": "password"}, 1234, MASK),
        ({"type": "object", "additionalProperties": SECRET}, {"a": "b"}, {"a": MASK}),
        ({"allOf": [{"properties": {"a": SECRET}}, {"minProperties": 1}]}, {"a": "1", "b": "2"}, {"a": MASK, "b": "2"}),
        ({"prefixItems": [{"type": "string"}, SECRET]}, ["a", "b"], ["a", MASK]),
        ({"$ref": "#/properties/p"}, "round in circles", "round in circles"),
        (SECRET, "", ""),
        (SECRET, None, None),
        ({"type": "string"}, "a", "a"),
        (True, "a", "a"),
    ],
)  # fmt: skip
def test_are_found_wherever_a_schema_may_mean_them(node, value, shown):
    schema = {"type": "object", "properties": {"p": node}}

    assert with_masks(schema, {"p": value}) == {"p": shown}
    assert with_kept(schema, {"p": shown}, {"p": value}) == {"p": value}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"anyOf": [{"type": "string"}, SECRET]}, "sesame"),
        ({"writeOnly": True, "type": "integer"}, 735_291),
        ({"writeOnly": True, "type": "object", "properties": {"a": {"type": "string"}}}, {"a": "sesame"}),
        ({"allOf": [{"properties": {"a": SECRET}}, {"minProperties": 1}]}, {"a": "sesame"}),
        ({"prefixItems": [{"type": "string"}, SECRET], "type": "array"}, ["a", "sesame"]),
        ({"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": SECRET}, {"a": "sesame"}),
    ],
)
def test_are_not_in_forms_whatever_field_they_get(node, value):
    schema = {"type": "object", "properties": {"p": node}}

    form = build_form(schema, {"p": value}, defaults={"p": value})
    html = f'<form method="post">{render_to_string("forms/form.html", {"form": form})}</form>'
    read = read_form(schema, posted(html), kept={"p": value}, defaults={"p": value})

    assert "sesame" not in html
    assert "735" not in html
    assert read.values == {"p": value}


@pytest.mark.parametrize("schema", [None, {}, {"properties": None}, {"properties": {"p": None}}])
def test_are_none_where_no_schema_says_so(schema):
    assert with_masks(schema, {"p": "a"}) == {"p": "a"}


def test_are_stars_among_the_defaults_of_a_schema():
    told = without_secret_defaults(SCHEMA)

    assert told["properties"]["usual"]["default"] == MASK
    assert told["properties"]["database"] == SCHEMA["properties"]["database"]
