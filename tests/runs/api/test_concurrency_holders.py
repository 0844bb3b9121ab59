"""Who holds the slots of a concurrency limit, over the API."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from orchestrator.contract.times import now
from runs.models import ConcurrencyLease
from tests.factories import make_flow_run

V2 = "/v2/concurrency_limits"


def take(api, **keys):
    return api.post(f"{V2}/increment-with-lease", {"names": ["x"], "slots": 1, "lease_duration": 60, **keys}).json()


def test_names_the_runs_that_hold_slots_longest_first(api, django_assert_max_num_queries):
    limit = api.post(f"{V2}/", {"name": "x", "limit": 9}).json()
    run = make_flow_run()
    first = take(api, slots=2, holder={"type": "flow_run", "id": str(run.pk)})
    second = take(api)

    with django_assert_max_num_queries(5):
        holders = api.get(f"{V2}/{limit['id']}/holders").json()

    assert [holder["lease_id"] for holder in holders] == [first["lease_id"], second["lease_id"]]
    assert (holders[0]["slots"], holders[0]["holder_name"]) == (2, run.name)
    assert holders[1]["holder_type"] is None
    assert api.get(f"{V2}/x/holders").json() == holders


def test_leaves_out_leases_that_have_run_out(api):
    api.post(f"{V2}/", {"name": "x", "limit": 9})
    take(api)
    ConcurrencyLease.objects.update(expires_at=now() - timedelta(seconds=1))

    assert api.get(f"{V2}/x/holders").json() == []


def test_keeps_a_holder_that_is_no_run_any_more(api):
    api.post(f"{V2}/", {"name": "x", "limit": 9})
    gone = str(uuid4())
    take(api, holder={"type": "task_run", "id": gone})

    (holder,) = api.get(f"{V2}/x/holders").json()

    assert (holder["holder_type"], holder["holder_id"], holder["holder_name"]) == ("task_run", gone, None)


def test_answers_404_for_a_limit_that_is_not_there(api):
    assert api.get(f"{V2}/nothing/holders").status_code == 404
