"""Bodies and parameters as requests carry them, and as they are refused."""

from __future__ import annotations

import pytest

from tests.factories import make_flow_run

pytestmark = pytest.mark.django_db


def refusal(response):
    assert response.status_code == 422
    answer = response.json()
    assert answer["exception_message"] == "Invalid request received."
    return answer["exception_detail"][0]


@pytest.mark.parametrize("body", ["", "null"])
def test_refuses_a_request_without_the_body_that_it_needs(api, body):
    found = refusal(api.post("/flows/", body))

    assert found == {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}


@pytest.mark.parametrize("body", ["", "null"])
def test_needs_no_body_where_every_key_may_be_absent(api, body):
    assert api.post("/flow_runs/count", body).json() == 0


def test_takes_null_for_absence_and_passes_over_unknown_keys_among_keys_that_stand_beside_each_other(api):
    body = {"flow_runs": None, "limit": None, "offset": None, "sort": None, "surprise": 1}

    assert api.post("/flow_runs/filter", body).json() == []


def test_says_where_the_json_breaks(api):
    response = api.post("/flows/", '{"name": ')

    assert refusal(response) == {
        "type": "json_invalid",
        "loc": ["body", 9],
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": "Expecting value"},
    }
    assert response.json()["request_body"] == '{"name": '


def test_tells_what_a_value_was_held_against(api):
    found = refusal(api.post("/flows/", {"name": "a/b"}))

    assert found["ctx"] == {"pattern": "^[^/%&><]+$"}


def test_tells_nothing_of_an_error_but_its_words(api):
    found = refusal(api.post("/flows/", {"name": " "}))

    assert found["ctx"] == {"error": {}}
    assert "blank" in found["msg"]


def test_shows_nothing_around_a_key_that_stands_for_itself(api):
    run = make_flow_run("PENDING")

    assert refusal(api.post(f"/flow_runs/{run.pk}/set_state", {"force": True}))["input"] is None
    assert refusal(api.post("/flow_runs/", {"name": "x"}))["input"] == {"name": "x"}


@pytest.mark.parametrize(("query", "kind"), [("", "missing"), ("?flow_run_id=x", "uuid_parsing")])
def test_refuses_a_query_string_that_does_not_fit(api, query, kind):
    found = refusal(api.get(f"/flow_run_states/{query}"))

    assert (found["type"], found["loc"]) == (kind, ["query", "flow_run_id"])


def test_refuses_a_choice_in_the_path_that_is_none(api):
    found = refusal(api.post("/events/count-by/colour", {"filter": {}}))

    assert (found["type"], found["loc"]) == ("enum", ["path", "countable"])
