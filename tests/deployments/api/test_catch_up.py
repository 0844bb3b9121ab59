"""The catch-up policy of a deployment over the API. What it does: tests/deployments/services/test_catch_up.py."""

from __future__ import annotations

import pytest

from deployments.models import Deployment
from tests.factories import make_flow

PLANNED = {"policy": "planned", "max_age_seconds": None}
HOUR = {"policy": "max_age", "max_age_seconds": 3600.0}


@pytest.fixture
def flow(db):
    return make_flow()


@pytest.fixture
def apply(api, flow):
    return lambda **body: api.post("/deployments/", {"name": "nightly", "flow_id": flow.pk, **body})


def test_is_that_of_prefect_unless_somebody_says_otherwise(apply):
    assert apply().json()["catch_up"] == PLANNED


@pytest.mark.parametrize("policy", ["planned", "all", "latest", "none"])
def test_is_answered_as_it_is_set(api, apply, policy):
    made = apply(catch_up={"policy": policy}).json()

    assert made["catch_up"] == {"policy": policy, "max_age_seconds": None}
    assert api.get(f"/deployments/{made['id']}").json()["catch_up"] == made["catch_up"]


def test_stays_when_nothing_is_said_about_it(api, apply):
    made = apply(catch_up=HOUR).json()

    again = apply(description="again").json()
    api.patch(f"/deployments/{made['id']}", {"tags": ["a"]})
    api.patch(f"/deployments/{made['id']}", {"catch_up": None})

    assert again["catch_up"] == HOUR
    assert api.get(f"/deployments/{made['id']}").json()["catch_up"] == HOUR


def test_is_changed_as_a_whole(api, apply):
    made = apply(catch_up=HOUR).json()

    response = api.patch(f"/deployments/{made['id']}", {"catch_up": {"policy": "latest"}})

    assert response.status_code == 204
    assert api.get(f"/deployments/{made['id']}").json()["catch_up"] == {"policy": "latest", "max_age_seconds": None}


@pytest.mark.parametrize(
    ("catch_up", "words"),
    [
        ({}, "Field required"),
        ("latest", "valid dictionary"),
        ({"policy": "some"}, "Input should be"),
        ({"policy": "max_age"}, "belongs to the policy max_age"),
        ({"policy": "latest", "max_age_seconds": 60}, "belongs to the policy max_age"),
        ({"policy": "max_age", "max_age_seconds": 0}, "greater than 0"),
        ({"policy": "max_age", "max_age_seconds": 1e300}, "less than or equal"),
        ({"policy": "latest", "older": 1}, "Extra inputs"),
    ],
)
def test_is_refused_when_it_says_nothing_clear(api, apply, catch_up, words):
    made = apply().json()

    for response in (apply(catch_up=catch_up), api.patch(f"/deployments/{made['id']}", {"catch_up": catch_up})):
        assert response.status_code == 422
        assert words in str(response.json()["exception_detail"])


def test_comes_back_with_an_older_version(api, apply):
    made = apply(catch_up=HOUR).json()
    apply(catch_up={"policy": "none"})

    assert api.post(f"/deployments/{made['id']}/versions/1/restore").status_code in (200, 201)

    assert api.get(f"/deployments/{made['id']}").json()["catch_up"] == HOUR


def test_is_right_in_the_database_too(apply):
    deployment = Deployment.objects.get(pk=apply().json()["id"])
    deployment.catch_up_policy = "max_age"

    with pytest.raises(Exception, match="Seconds belong to the policy"):
        deployment.validate_constraints()
