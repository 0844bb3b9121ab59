"""Concurrency limits of any name, over the API."""

from __future__ import annotations

from uuid import uuid4

import pytest

from orchestrator.events.models import Event
from runs.models import ConcurrencyLease

V2 = "/v2/concurrency_limits"


@pytest.fixture
def make(api):
    def make(name="x", limit=1, **keys):
        return api.post(f"{V2}/", {"name": name, "limit": limit, **keys}).json()

    return make


@pytest.fixture
def lease(api):
    def lease(*names, slots=1, **keys):
        return api.post(f"{V2}/increment-with-lease", {"names": names, "slots": slots, "lease_duration": 60, **keys})

    return lease


def events(what):
    return Event.objects.filter(event=f"prefect.concurrency-limit.{what}")


class TestKeepingLimits:
    def test_creates_one(self, api):
        response = api.post(f"{V2}/", {"name": "x", "limit": 3, "active_slots": 1})

        assert response.status_code == 201
        assert response.json()["active_slots"] == 1
        assert response.json()["avg_slot_occupancy_seconds"] == 2.0

    def test_refuses_a_second_of_the_same_name(self, api, make):
        make()

        assert api.post(f"{V2}/", {"name": "x", "limit": 1}).status_code == 409

    @pytest.mark.parametrize(
        "body",
        [{"name": "a/b", "limit": 1}, {"name": "x", "limit": -1}, {"name": "x"}, {"name": "x", "limit": 1, "y": 2}],
    )
    def test_refuses_what_is_no_limit(self, api, body):
        assert api.post(f"{V2}/", body).status_code == 422

    def test_reads_one_by_identifier_and_by_name(self, api, make):
        made = make("tag:a b")

        assert api.get(f"{V2}/{made['id']}").json()["name"] == "tag:a b"
        assert api.get(f"{V2}/tag:a%20b").json()["id"] == made["id"]

    def test_updates_what_is_given(self, api, make):
        make(limit=2, slot_decay_per_second=0.0)

        response = api.patch(f"{V2}/x", {"limit": 5, "active": False, "active_slots": 4})

        assert response.status_code == 204
        changed = api.get(f"{V2}/x").json()
        assert (changed["limit"], changed["active"], changed["active_slots"]) == (5, False, 4)

    def test_refuses_the_name_of_another(self, api, make):
        make("x")
        make("y")

        assert api.patch(f"{V2}/y", {"name": "x"}).status_code == 409

    def test_refuses_to_leave_a_value_empty(self, api, make):
        make()

        assert api.patch(f"{V2}/x", {"limit": None}).status_code == 409

    def test_deletes_one(self, api, make):
        make()

        assert api.delete(f"{V2}/x").status_code == 204
        assert api.get(f"{V2}/x").status_code == 404

    @pytest.mark.parametrize("method", ["get", "delete"])
    @pytest.mark.parametrize("which", ["nobody", uuid4()])
    def test_does_not_find_others(self, api, method, which):
        response = getattr(api, method)(f"{V2}/{which}")

        assert (response.status_code, response.json()) == (404, {"detail": "Concurrency Limit not found"})

    def test_lists_by_name(self, api, make):
        for name in "bca":
            make(name)

        assert [row["name"] for row in api.post(f"{V2}/filter").json()] == ["a", "b", "c"]
        assert [row["name"] for row in api.post(f"{V2}/filter", {"limit": 1, "offset": 1}).json()] == ["b"]
        assert api.post(f"{V2}/filter", {"limit": 201}).status_code == 422

    def test_lists_with_as_many_questions_however_long(self, api, make, lease, django_assert_num_queries):
        for name in "abc":
            make(name)
            lease(name)

        with django_assert_num_queries(2):
            rows = api.post(f"{V2}/filter").json()

        assert [row["active_slots"] for row in rows] == [1, 1, 1]

    def test_tells_what_happened(self, api, make):
        made = make(slot_decay_per_second=0.5)
        api.patch(f"{V2}/x", {"limit": 2})
        api.delete(f"{V2}/x")

        created, updated, deleted = [events(what).get() for what in ("created", "updated", "deleted")]
        assert created.resource == {
            "prefect.resource.id": f"prefect.concurrency-limit.{made['id']}",
            "prefect.resource.name": "x",
        }
        assert created.payload == {"name": "x", "limit": 1, "active": True, "slot_decay_per_second": 0.5}
        assert (updated.payload["limit"], deleted.payload["limit"]) == (2, 2)


class TestSlots:
    def test_are_leased_and_given_back(self, api, make, lease):
        made = make()

        got = lease("x", "unknown").json()

        assert got["limits"] == [{"id": made["id"], "name": "x", "limit": 1}]
        assert api.get(f"{V2}/x").json()["active_slots"] == 1
        for _ in range(2):
            assert api.post(f"{V2}/decrement-with-lease", {"lease_id": got["lease_id"]}).status_code == 204
        assert api.get(f"{V2}/x").json()["active_slots"] == 0

    def test_say_when_to_come_back(self, make, lease):
        make()
        lease("x")

        refused = lease("x")

        assert (refused.status_code, refused.json()) == (423, {"detail": "Locked"})
        assert 0 < float(refused.headers["Retry-After"]) <= 30

    def test_remember_the_holder(self, make, lease):
        make()
        holder = uuid4()

        lease("x", holder={"type": "task_run", "id": holder})

        held = ConcurrencyLease.objects.get()
        assert (held.holder_type, held.holder_id) == ("task_run", holder)

    def test_are_leased_of_nothing(self, api, lease):
        got = lease("tag:a").json()

        assert got["limits"] == []
        assert api.post(f"{V2}/leases/{got['lease_id']}/renew", {"lease_duration": 60}).status_code == 204

    def test_are_renewed_until_they_are_given_back(self, api, make, lease):
        make()
        lease_id = lease("x").json()["lease_id"]

        assert api.post(f"{V2}/leases/{lease_id}/renew").status_code == 204
        api.post(f"{V2}/decrement-with-lease", {"lease_id": lease_id})
        assert api.post(f"{V2}/leases/{lease_id}/renew").status_code == 410

    @pytest.mark.parametrize("seconds", [59, 86_401])
    def test_refuse_leases_that_are_too_short_or_too_long(self, api, lease, seconds):
        assert lease("x", lease_duration=seconds).status_code == 422
        assert api.post(f"{V2}/leases/{uuid4()}/renew", {"lease_duration": seconds}).status_code == 422

    @pytest.mark.parametrize("body", [{"slots": 5}, {"mode": "rate_limit"}])
    def test_refuse_what_can_never_be(self, make, lease, body):
        make()

        refused = lease("x", **body)

        assert refused.status_code == 422
        assert isinstance(refused.json()["detail"], str)

    @pytest.mark.parametrize("body", [{"names": None}, {"slots": 0}, {"mode": "other"}])
    def test_refuse_what_asks_for_nothing(self, api, body):
        asked = {"names": ["x"], "slots": 1} | body

        assert api.post(f"{V2}/increment", asked).status_code == 422

    def test_are_taken_without_a_lease(self, api, make):
        make(limit=2, slot_decay_per_second=0.001)
        asked = {"names": ["x"], "slots": 2, "mode": "rate_limit", "create_if_missing": None}

        taken = api.post(f"{V2}/increment", asked)
        refused = api.post(f"{V2}/increment", asked)

        assert [limit["name"] for limit in taken.json()] == ["x"]
        assert (refused.status_code, "Retry-After" in refused.headers) == (423, True)

    def test_are_given_back_without_a_lease(self, api, make):
        make(limit=2, active_slots=2)

        given = api.post(f"{V2}/decrement", {"names": ["x", "y"], "slots": 1, "occupancy_seconds": 2.5})

        assert [limit["name"] for limit in given.json()] == ["x"]
        assert api.get(f"{V2}/x").json()["active_slots"] == 1
        assert api.post(f"{V2}/decrement", {"names": ["y"], "slots": 1}).json() == []

    def test_are_counted_as_an_operator_says(self, api, make, lease):
        make(limit=3)
        lease_id = lease("x", slots=2).json()["lease_id"]

        api.patch(f"{V2}/x", {"active_slots": 3})
        api.post(f"{V2}/decrement-with-lease", {"lease_id": lease_id})

        assert api.get(f"{V2}/x").json()["active_slots"] == 1
