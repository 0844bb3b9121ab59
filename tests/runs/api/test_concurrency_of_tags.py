"""Limits of tags, over the API of older clients."""

from __future__ import annotations

from uuid import uuid4

import pytest

V1, V2 = "/concurrency_limits", "/v2/concurrency_limits"


@pytest.fixture
def make(api):
    return lambda tag="a", limit=1: api.post(f"{V1}/", {"tag": tag, "concurrency_limit": limit}).json()


def take(api, *tags, run=None):
    return api.post(f"{V1}/increment", {"names": tags, "task_run_id": run or uuid4()})


class TestKeepingLimits:
    def test_makes_one_of_the_tags_name(self, api):
        response = api.post(f"{V1}/", {"tag": "a", "concurrency_limit": 2})

        assert response.status_code == 201
        assert (response.json()["tag"], response.json()["active_slots"]) == ("a", [])
        assert api.get(f"{V2}/tag:a").json()["limit"] == 2

    def test_changes_the_one_that_is_there(self, api, make):
        made = make()

        response = api.post(f"{V1}/", {"tag": "a", "concurrency_limit": 5})

        assert (response.status_code, response.json()["id"]) == (200, made["id"])
        assert response.json()["concurrency_limit"] == 5

    def test_reads_one_by_identifier_and_by_tag(self, api, make):
        made = make("a b")

        assert api.get(f"{V1}/{made['id']}").json() == made
        assert api.get(f"{V1}/tag/a%20b").json() == made

    def test_lists_none_but_those_of_tags(self, api, make):
        api.post(f"{V2}/", {"name": "other", "limit": 1})
        make("b")
        make("a")

        assert [row["tag"] for row in api.post(f"{V1}/filter").json()] == ["a", "b"]

    @pytest.mark.parametrize("address", ["tag/a", "id"])
    def test_deletes_one(self, api, make, address):
        made = make()

        response = api.delete(f"{V1}/{made['id'] if address == 'id' else address}")

        assert (response.status_code, response.json()) == (200, None)
        assert api.get(f"{V1}/tag/a").status_code == 404

    def test_does_not_find_others(self, api):
        other = api.post(f"{V2}/", {"name": "other", "limit": 1}).json()["id"]
        missing = {"detail": "Concurrency limit not found"}

        for address in ("tag/other", str(uuid4()), other):
            response = api.get(f"{V1}/{address}")
            assert (response.status_code, response.json()) == (404, missing)
        assert api.delete(f"{V1}/tag/other").status_code == 404
        assert api.delete(f"{V1}/{other}").status_code == 404
        assert api.post(f"{V1}/tag/other/reset").status_code == 404


class TestSlots:
    def test_are_held_by_task_runs(self, api, make):
        make()
        run = str(uuid4())

        taken = take(api, "a", "unknown", run=run)

        assert [(limit["name"], limit["limit"]) for limit in taken.json()] == [("a", 1)]
        assert api.get(f"{V1}/tag/a").json()["active_slots"] == [run]

    def test_say_when_to_come_back(self, api, make):
        make()
        take(api, "a")

        refused = take(api, "a")

        assert refused.status_code == 423
        assert float(refused.headers["Retry-After"]) == 10

    def test_do_not_say_so_when_it_is_in_vain(self, api, make):
        make(limit=0)

        refused = take(api, "a")

        assert (refused.status_code, "Retry-After" in refused.headers) == (423, False)

    def test_are_given_back(self, api, make):
        make()
        run = str(uuid4())
        take(api, "a", run=run)

        given = api.post(f"{V1}/decrement", {"names": ["a"], "task_run_id": run})

        assert [limit["name"] for limit in given.json()] == ["tag:a"]
        assert api.get(f"{V1}/tag/a").json()["active_slots"] == []

    def test_are_set_back_by_hand(self, api, make):
        make(limit=3)
        take(api, "a")
        run = str(uuid4())

        response = api.post(f"{V1}/tag/a/reset", {"slot_override": [run]})

        assert (response.status_code, response.json()) == (200, None)
        assert api.get(f"{V1}/tag/a").json()["active_slots"] == [run]
        api.post(f"{V1}/tag/a/reset")
        assert api.get(f"{V1}/tag/a").json()["active_slots"] == []
