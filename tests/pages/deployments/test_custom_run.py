"""The form of a custom run, filled in as a browser without JavaScript does."""

import re
from datetime import timedelta

import pytest

from orchestrator.contract.times import now
from orchestrator.store.models import Variable
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow_run, make_work_pool
from tests.pages.schema_forms.posted import posted

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14

SCHEMA = {
    "type": "object",
    "required": ["region"],
    "additionalProperties": False,
    "properties": {
        "region": {"type": "string", "position": 0, "description": "Where to run."},
        "days": {"type": "integer", "default": 7, "minimum": 1, "position": 1},
        "tables": {"type": "array", "items": {"$ref": "#/definitions/Table"}, "default": [], "position": 2},
    },
    "definitions": {
        "Table": {
            "type": "object",
            "title": "Table",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "rows": {"type": "integer", "minimum": 1}},
        }
    },
}


@pytest.fixture
def deployment():
    pool = make_work_pool("etl-pool")
    return make_deployment(
        pool=pool,
        name="etl-eu",
        parameter_openapi_schema=SCHEMA,
        parameters={"region": "eu"},
        enforce_parameter_schema=True,
    )


@pytest.fixture
def address(deployment):
    return f"/deployments/deployment/{deployment.pk}/run"


def send(client, address, *, query="", press=("run", "1"), **changed):
    page = client.get(address + query).content.decode()
    form = re.search(r'<form method="post" id="custom-run".*</form>', page, re.DOTALL)[0]
    return client.post(
        address + query, posted(form, press=press, **changed).urlencode(), "application/x-www-form-urlencoded"
    )


def test_it_creates_the_run_that_was_asked_for(client, deployment, address):
    """FORM-1: the run gets what the API would have got."""
    answer = send(client, address, p__days="9", o__name="my run", o__tags="a\nb", o__retries="2")

    run = FlowRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/runs/flow-run/{run.pk}")
    assert run.parameters == {"region": "eu", "days": 9}
    assert (run.name, run.tags, run.empirical_policy["retries"]) == ("my run", ["a", "b"], 2)
    assert run.state_type == "SCHEDULED"


def test_it_begins_later_when_asked_to(client, address):
    send(client, address, o__when="after a while", o__minutes="90")

    expected = now() + timedelta(minutes=90)
    assert abs(FlowRun.objects.get().expected_start_time - expected) < timedelta(minutes=1)


def test_it_begins_at_a_time_with_its_offset(client, address):
    send(client, address, **{"o__when": "at a time", "o__at": "2031-01-02T03:04", "o__at:zone": "+02:00"})

    assert FlowRun.objects.get().expected_start_time.isoformat() == "2031-01-02T01:04:00+00:00"


def test_a_time_that_is_missing_is_asked_for(client, address):
    answer = send(client, address, o__when="at a time")

    assert answer.status_code == 422
    assert "When is it to begin?" in answer.content.decode()
    assert not FlowRun.objects.exists()


def test_what_was_typed_for_another_time_says_nothing(client, address):
    """The fields of the other choices are hidden: what is in them counts for nothing, be it right or wrong."""
    typed = {"o__at": "2031-01-02T03:04", "o__at:zone": "nowhere", "o__minutes": "-5"}

    answer = send(client, address, **typed)

    assert answer.status_code == 303
    assert abs(FlowRun.objects.get().expected_start_time - now()) < timedelta(minutes=1)


def test_a_time_is_on_the_clock_of_its_zone(client, address):
    send(client, address, **{"o__when": "at a time", "o__at": "2031-07-02T03:04", "o__at:zone": "Europe/Berlin"})

    assert FlowRun.objects.get().expected_start_time.isoformat() == "2031-07-02T01:04:00+00:00"


def test_it_is_filled_with_the_parameters_of_a_run(client, deployment, address):
    """FORM-4: prefill from a run equals its parameters."""
    before = {"region": "us", "days": 7, "tables": [{"name": "a", "rows": 3}, {"name": "b"}]}
    earlier = make_flow_run("COMPLETED", flow=deployment.flow, deployment=deployment, parameters=before)

    for source in (str(earlier.pk), "last", "success"):
        send(client, address, query=f"?from={source}")

        made = FlowRun.objects.exclude(pk=earlier.pk).get()
        assert made.parameters == before
        made.delete()


def test_it_says_when_there_is_no_run_to_take_them_from(client, address):
    page = client.get(f"{address}?from=success").content.decode()

    assert "No run of this deployment has completed yet." in page


def test_a_link_fills_it_in(client, address):
    page = client.get(f"{address}?p.region=ap&p.days=3").content.decode()

    assert 'value="ap" id="p.region"' in page
    assert "<ins>3</ins>" in page


def test_wrong_parameters_are_told_beside_their_field(client, address):
    """FORM-3: an invalid nested value focuses the field."""
    page = send(client, address, press=("p.tables:add", "1")).content.decode()
    form = re.search(r'<form method="post" id="custom-run".*</form>', page, re.DOTALL)[0]

    answer = client.post(
        address,
        posted(form, press=("run", "1"), p__tables__0__name="a", p__tables__0__rows="0").urlencode(),
        "application/x-www-form-urlencoded",
    )

    html = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r'id="p.tables.0.rows"[^>]*aria-invalid="true"[^>]*autofocus', html)
    assert "0 is less than the minimum of 1" in html
    assert not FlowRun.objects.exists()


def test_checking_starts_nothing(client, address):
    page = send(client, address, press=("check", "1")).content.decode()

    assert "Everything fits. Nothing was started." in page
    assert not FlowRun.objects.exists()


def test_it_shows_what_differs_from_the_defaults(client, address):
    page = send(client, address, press=("preview", "1"), p__days="8").content.decode()

    assert "<h1>" not in page
    assert ">7</del>" in page
    assert "<ins>8</ins>" in page


def test_a_variable_may_stand_for_a_value(client, address):
    Variable.objects.create(name="days", value=12)
    reference = '{"__prefect_kind": "workspace_variable", "variable_name": "days"}'

    send(client, f"{address}?p.days={reference}")

    assert FlowRun.objects.get().parameters["days"] == 12


def test_job_variables_that_the_pool_refuses_are_told(client, address):
    answer = send(client, address, j__isolation="process", j__cancel_grace_seconds="-1")

    assert answer.status_code == 422
    assert "-1 is less than the minimum of 0" in answer.content.decode()


def test_job_variables_go_with_the_run(client, address):
    send(client, address, j__working_dir="/srv")

    assert FlowRun.objects.get().job_variables == {"working_dir": "/srv"}


def test_without_enforcement_it_takes_what_does_not_fit(client, deployment, address):
    deployment.enforce_parameter_schema = False
    deployment.save()

    send(client, address, p__days="-4")

    assert FlowRun.objects.get().parameters["days"] == -4


def test_a_deployment_without_a_pool_says_so(client):
    alone = make_deployment(parameter_openapi_schema=SCHEMA)

    page = client.get(f"/deployments/deployment/{alone.pk}/run").content.decode()

    assert "has no work pool" in page


def test_it_is_not_for_those_who_only_look(client, address, django_user_model, settings):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("viewer"))

    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403


def test_no_such_deployment(client):
    assert client.get("/deployments/deployment/3b6c0e8a-1111-4222-8333-444455556666/run").status_code == 404


def test_it_asks_little(client, deployment, address, django_assert_max_num_queries):
    earlier = make_flow_run("COMPLETED", flow=deployment.flow, deployment=deployment, parameters={"region": "us"})
    client.get(address)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"{address}?from={earlier.pk}")


def test_a_copy_has_the_tags_and_job_variables_of_its_run(client, deployment, address):
    deployment.tags = ["prod"]
    deployment.save()
    circumstances = {"tags": ["prod", "mine"], "job_variables": {"working_dir": "/srv"}, "parameters": {"region": "eu"}}
    earlier = make_flow_run("FAILED", flow=deployment.flow, deployment=deployment, **circumstances)

    send(client, address, query=f"?from={earlier.pk}")

    made = FlowRun.objects.exclude(pk=earlier.pk).get()
    assert (sorted(made.tags), made.job_variables) == (["mine", "prod"], {"working_dir": "/srv"})


def test_a_button_that_is_pressed_twice_makes_one_run(client, address):
    page = client.get(address).content.decode()
    form = re.search(r'<form method="post" id="custom-run".*</form>', page, re.DOTALL)[0]
    body, other = posted(form, press=("run", "1")), posted(form, press=("run", "1"), p__days="3")

    for sent in (body, body, other):
        client.post(address, sent.urlencode(), "application/x-www-form-urlencoded")

    assert sorted(run.parameters.get("days", 7) for run in FlowRun.objects.all()) == [3, 7]


def test_a_secret_parameter_stays_on_the_server(client, deployment, address):
    """CFG-2: a secret is in no page, and the run gets it nevertheless."""
    secret = {"type": "string", "format": "password", "writeOnly": True}
    deployment.parameter_openapi_schema = {"type": "object", "properties": {"token": secret}}
    deployment.parameters = {}
    deployment.save()
    earlier = make_flow_run("COMPLETED", flow=deployment.flow, deployment=deployment, parameters={"token": "sesame"})

    page = client.get(f"{address}?from=last").content.decode()
    send(client, address, query="?from=last")

    assert "sesame" not in page
    assert FlowRun.objects.exclude(pk=earlier.pk).get().parameters == {"token": "sesame"}


def test_sixty_parameters_are_a_small_page(client, deployment, address):
    """FORM-6: the whole page of 60 parameters, with its style and its script, takes less than 100 kB."""
    kinds = [
        {"type": "string"},
        {"type": "integer", "default": 3},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        {"enum": ["a", "b"], "default": "a"},
        {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        {"type": "object", "properties": {"host": {"type": "string", "default": "a"}}},
    ]
    deployment.parameter_openapi_schema = {
        "type": "object",
        "properties": {
            f"parameter_{at}": {**kinds[at % len(kinds)], "description": "Which of them it is to be."}
            for at in range(60)
        },
    }
    deployment.save()

    page = client.get(address).content
    addresses = re.findall(rb'(?:href|src)="(/static/joined/[^"]+)"', page)
    files = [client.get(one.decode(), headers={"accept-encoding": "identity"}) for one in addresses]

    assert len(files) == 1  # the style stands in the page
    assert page.count(b"Which of them it is to be.") == 60
    assert len(page) + sum(len(b"".join(one)) for one in files) < 100_000
