"""Variables, as clients create, read, find and change them."""

from __future__ import annotations

import pytest

from orchestrator.events.models import Event


def make(api, name="limit", value=1, **given):
    response = api.post("/variables/", {"name": name, "value": value, **given})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.mark.parametrize("value", [False, 0, None, "", "text", 2.5, {"a": [None]}, [], {}, [1, "2"]])
def test_keeps_any_json_value(api, value):
    made = make(api, value=value)

    assert made["value"] == value
    assert type(made["value"]) is type(value)
    assert api.get("/variables/name/limit").json() == made
    assert api.get(f"/variables/{made['id']}").json() == made


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Upper", "value": 1},
        {"name": "a b", "value": 1},
        {"name": "a" * 256, "value": 1},
        {"name": "a"},  # no value
        {"value": 1},  # no name
        {"name": "a", "value": "x" * 4999},  # with its quotes one too many
        {"name": "a", "value": 1, "extra": 1},
        {"name": "a", "value": 1, "tags": "x"},
    ],
)
def test_refuses_what_does_not_fit(api, body):
    assert api.post("/variables/", body).status_code == 422


def test_takes_the_longest_value_and_name(api):
    make(api, name="a-b_9" * 51, value="e" * 4998)


@pytest.mark.parametrize(
    "value",
    [
        "e" * 4999,  # and two quotation marks
        "é" * 834,  # each is written with six characters: 5004
        [1] * 1667,  # "1, " for each, but for the last, in brackets: 5001
    ],
)
def test_measures_a_value_as_json_in_ascii(api, value):
    assert api.post("/variables/", {"name": "long", "value": value}).status_code == 422


def test_refuses_a_name_that_is_taken(api):
    make(api)
    other = make(api, name="other")

    again = api.post("/variables/", {"name": "limit", "value": 2})
    renamed = api.patch(f"/variables/{other['id']}", {"name": "limit"})

    assert (again.status_code, renamed.status_code) == (409, 409)
    assert again.json() == {"detail": "A variable with the name 'limit' already exists."}


def test_changes_only_what_is_sent(api):
    made = make(api, value={"a": 1}, tags=["x"])

    by_id = api.patch(f"/variables/{made['id']}", {"value": None})
    by_name = api.patch("/variables/name/limit", {"name": "bound", "tags": []})

    assert (by_id.status_code, by_name.status_code) == (204, 204)
    now = api.get("/variables/name/bound").json()
    assert (now["id"], now["value"], now["tags"]) == (made["id"], None, [])


@pytest.mark.parametrize("body", [{"name": None}, {"tags": None}])
def test_refuses_to_lose_its_name_or_tags(api, body):
    made = make(api)

    assert api.patch(f"/variables/{made['id']}", body).status_code == 409


def test_is_gone_after_deletion(api):
    by_id, _ = make(api), make(api, name="other")

    assert api.delete(f"/variables/{by_id['id']}").status_code == 204
    assert api.delete("/variables/name/other").status_code == 204

    for path in (f"/variables/{by_id['id']}", "/variables/name/other"):
        assert api.get(path).json() == {"detail": "Variable not found."}
        assert api.patch(path, {"value": 1}).status_code == 404
        assert api.delete(path).status_code == 404


def test_finds_and_counts(api):
    for name, tags in (("alpha", ["x", "y"]), ("beta", ["x"]), ("gamma", [])):
        make(api, name=name, tags=tags)

    def names(filter, **given):
        return [one["name"] for one in api.post("/variables/filter", {"variables": filter, **given}).json()]

    assert names({"name": {"like_": "A"}}) == ["alpha", "beta", "gamma"]
    assert names({"name": {"any_": ["beta", "none"]}}) == ["beta"]
    assert names({"tags": {"all_": ["x", "y"]}}) == ["alpha"]
    assert names({"tags": {"is_null_": True}}) == ["gamma"]
    assert names({"operator": "or_", "tags": {"all_": ["y"]}, "name": {"any_": ["gamma"]}}) == ["alpha", "gamma"]
    assert names(None, sort="NAME_DESC", limit=1, offset=1) == ["beta"]
    assert names(None, sort="CREATED_DESC") == ["gamma", "beta", "alpha"]
    assert api.post("/variables/count", {"variables": {"tags": {"all_": ["x"]}}}).json() == 2


def test_tells_what_happens_to_it(api):
    made = make(api, value={"a": 1}, tags=["x"])
    api.patch(f"/variables/{made['id']}", {"value": 2})
    api.delete(f"/variables/{made['id']}")

    events = Event.objects.filter(resource_id=f"prefect.variable.{made['id']}").order_by("sequence")

    assert [(event.event, event.payload["value"]) for event in events] == [
        ("prefect.variable.created", {"a": 1}),
        ("prefect.variable.updated", 2),
        ("prefect.variable.deleted", 2),
    ]
    assert events[0].resource["prefect.resource.name"] == "limit"
    assert events[0].payload == {"name": "limit", "value": {"a": 1}, "tags": ["x"]}


def test_costs_one_question_for_a_page(api, django_assert_num_queries):
    for number in range(5):
        make(api, name=f"v{number}")

    with django_assert_num_queries(1):
        api.post("/variables/filter", {})
