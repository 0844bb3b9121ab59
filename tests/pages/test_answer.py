"""A paused run that asks for something gets it from a form."""

import json
import re

import pytest

from orchestrator.contract.states import State, StateType
from runs.models import FlowRun, FlowRunInput
from runs.pages.answer import question_of
from tests.factories import make_flow_run
from tests.pages.schema_forms.posted import posted

pytestmark = pytest.mark.django_db

KEYS = {name: f"approval-{name}" for name in ("schema", "description", "response")}
SCHEMA = {
    "title": "Approval",
    "type": "object",
    "required": ["granted"],
    "properties": {
        "granted": {"type": "boolean", "title": "Granted"},
        "times": {"type": "integer", "minimum": 1, "default": 1, "title": "Times"},
    },
}


@pytest.fixture
def run():
    paused = State(StateType.PAUSED, details={"run_input_keyset": KEYS})
    made = make_flow_run(paused)
    FlowRunInput.objects.create(flow_run=made, key=KEYS["schema"], value=json.dumps(SCHEMA))
    FlowRunInput.objects.create(flow_run=made, key=KEYS["description"], value=json.dumps("May it **go**?<script>"))
    return FlowRun.objects.get(pk=made.pk)


@pytest.fixture
def address(run):
    return f"/runs/flow-run/{run.pk}/answer"


def send(client, address, **changed):
    page = client.get(address).content.decode()
    form = re.search(r"<section class=\"card tone-paused question\".*?</section>", page, re.DOTALL)[0]
    return client.post(address, posted(form, **changed).urlencode(), "application/x-www-form-urlencoded")


def test_it_shows_the_form_of_the_question(client, address):
    """RUN-9: a paused run shows the input form, from its schema."""
    page = client.get(address).content.decode()

    assert "May it <strong>go</strong>?" in page
    assert "<script>" not in re.search(r"<main.*</main>", page, re.DOTALL)[0]
    assert 'name="answer.granted"' in page
    assert 'name="answer.times" min="1"' in page


def test_the_run_goes_on_with_the_answer(client, run, address):
    """RUN-9: what was typed reaches the run."""
    answer = send(client, address, answer__granted="true", answer__times="3")

    run.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (303, f"/runs/flow-run/{run.pk}")
    assert run.state_type == "RUNNING"
    assert json.loads(FlowRunInput.objects.get(key=KEYS["response"]).value) == {"granted": True, "times": 3}


def test_a_wrong_answer_is_told_beside_its_field(client, run, address):
    """RUN-9: and the run still waits."""
    answer = send(client, address, answer__times="0")

    run.refresh_from_db()
    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r'id="answer.times"[^>]*aria-invalid="true"[^>]*autofocus', page)
    assert "0 is less than the minimum of 1" in page
    assert run.state_type == "PAUSED"


def test_a_run_that_asks_nothing_has_no_question(client):
    run = make_flow_run("PAUSED")

    assert question_of(run) is None
    assert client.get(f"/runs/flow-run/{run.pk}/answer")["Location"] == f"/runs/flow-run/{run.pk}"


def test_an_answer_that_comes_late_changes_nothing(client, run, address):
    send(client, address, answer__granted="true")

    answer = client.post(address, {"answer.granted": "true"}, follow=True)

    assert "The run asks for nothing any more." in answer.content.decode()


def test_only_those_who_operate_may_answer(client, run, address, django_user_model, settings):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("viewer"))

    assert client.post(address, {"answer.granted": "true"}).status_code == 403
    run.refresh_from_db()
    assert run.state_type == "PAUSED"


def test_it_takes_one_query(run, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert question_of(run).form.fields
