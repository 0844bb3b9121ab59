from uuid import uuid4

import pytest


def test_gives_slots_of_limits_that_do_not_exist(api):
    response = api.post(
        "/v2/concurrency_limits/increment-with-lease", {"names": ["tag:a"], "slots": 1, "lease_duration": 60}
    )

    assert response.status_code == 200
    assert response.json()["limits"] == []
    assert (
        api.post("/v2/concurrency_limits/decrement-with-lease", {"lease_id": response.json()["lease_id"]}).status_code
        == 204
    )


def test_gives_slots_without_a_lease(api):
    assert (
        api.post("/v2/concurrency_limits/increment", {"names": ["rate"], "slots": 1, "mode": "rate_limit"}).json() == []
    )


def test_takes_back_leases_that_it_does_not_know(api):
    assert api.post("/v2/concurrency_limits/decrement-with-lease", {"lease_id": uuid4()}).status_code == 204


@pytest.mark.parametrize("seconds", [59, 86_401])
def test_refuses_leases_that_are_too_short_or_too_long(api, seconds):
    body = {"names": ["a"], "slots": 1, "lease_duration": seconds}

    assert api.post("/v2/concurrency_limits/increment-with-lease", body).status_code == 422


def test_renews_the_leases_that_it_gave(api):
    asked = {"names": ["tag:x"], "slots": 1, "lease_duration": 60}
    lease = api.post("/v2/concurrency_limits/increment-with-lease", asked).json()["lease_id"]

    renewed = api.post(f"/v2/concurrency_limits/leases/{lease}/renew", {"lease_duration": 60})

    assert renewed.status_code == 204
