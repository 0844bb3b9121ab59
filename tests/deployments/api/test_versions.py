"""The history of deployments over the API."""

from __future__ import annotations

from base64 import b64encode
from uuid import uuid4

import pytest

from orchestrator.accounts.keys import create_api_key
from tests.api_client import ApiClient
from tests.factories import make_flow, make_work_pool

NIGHTLY = {"schedule": {"cron": "0 2 * * *", "timezone": "Europe/Paris"}, "slug": "nightly"}


@pytest.fixture
def deployment(api):
    make_work_pool("cluster")
    body = {"name": "daily", "flow_id": make_flow("numbers").pk, "work_pool_name": "cluster"}
    first = api.post("/deployments", {**body, "tags": ["a"], "version": "1", "schedules": [NIGHTLY]})
    assert first.status_code == 201
    api.post("/deployments", {**body, "tags": ["b"], "version": "2"})
    return first.json()["id"]


def test_lists_the_newest_first(api, deployment):
    versions = api.get(f"/deployments/{deployment}/versions").json()

    assert [(one["number"], one["version"], one["changed"]) for one in versions] == [
        (2, "2", ["schedules", "tags", "version"]),
        (1, "1", []),
    ]


def test_lists_as_many_as_are_asked_for(api, deployment):
    assert [one["number"] for one in api.get(f"/deployments/{deployment}/versions?limit=1&offset=1").json()] == [1]
    assert api.get(f"/deployments/{deployment}/versions?limit=201").status_code == 422


def test_asks_two_queries_for_a_list(api, deployment, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.get(f"/deployments/{deployment}/versions")


def test_tells_one_version_whole(api, deployment):
    version = api.get(f"/deployments/{deployment}/versions/2").json()

    assert version["content"]["tags"] == ["b"]
    assert version["changes"]["tags"] == {"from": ["a"], "to": ["b"]}
    assert version["changes"]["schedules"]["to"] == []


def test_compares_any_two(api, deployment):
    version = api.get(f"/deployments/{deployment}/versions/1?compared_to=2").json()

    assert version["changes"]["version"] == {"from": "2", "to": "1"}


def test_goes_back(api, deployment):
    response = api.post(f"/deployments/{deployment}/versions/1/restore")

    now = api.get(f"/deployments/{deployment}").json()
    assert (response.status_code, response.json()["number"], response.json()["restored_from"]) == (201, 3, 1)
    assert (now["tags"], now["version"], now["schedules"][0]["slug"]) == (["a"], "1", "nightly")
    assert api.post(f"/deployments/{deployment}/versions/1/restore").status_code == 200


def test_tells_what_is_missing_for_going_back(api, deployment):
    make_work_pool("other")
    api.patch(f"/deployments/{deployment}", {"work_pool_name": "other"})
    api.delete("/work_pools/cluster")

    response = api.post(f"/deployments/{deployment}/versions/1/restore")

    assert response.status_code == 409
    assert response.json()["detail"] == "Version 1 cannot be restored: work pool 'cluster' is gone"


def test_knows_no_version_of_what_does_not_exist(api, deployment):
    assert api.get(f"/deployments/{uuid4()}/versions").status_code == 404
    assert api.get(f"/deployments/{deployment}/versions/7").status_code == 404
    assert api.get(f"/deployments/{deployment}/versions/{10**30}").status_code in (404, 422)
    assert api.get(f"/deployments/{deployment}/versions/x").status_code == 404
    assert api.post(f"/deployments/{deployment}/versions/7/restore").status_code == 404


def test_keeps_what_clients_tell_of_where_it_comes_from(api):
    info = {"type": "vcs:github", "version": "abc", "commit_sha": "abc", "url": "https://example.com"}
    body = {"name": "daily", "flow_id": make_flow("numbers").pk, "version_info": info}
    made = api.post("/deployments", body).json()

    assert api.get(f"/deployments/{made['id']}/versions").json()[0]["version_info"] == info


def test_tells_whose_key_it_was_whatever_the_client_says_of_itself(api, deployment):
    _, key = create_api_key(name="robot")
    says = {"Prefect-Automation-Id": str(uuid4()), "Prefect-Automation-Name": b64encode(b"innocent").decode()}
    client = ApiClient(authorization=f"Bearer {key}", **says)

    assert client.post(f"/deployments/{deployment}/versions/1/restore").status_code == 201

    assert api.get(f"/deployments/{deployment}/versions/3").json()["created_by"]["display_value"] == "robot"
