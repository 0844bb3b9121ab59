from __future__ import annotations

import pytest

from orchestrator import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, DeploymentError, flow


@flow
def limited() -> None: ...


@pytest.mark.parametrize(
    ("given", "columns"),
    [
        (2, (2, None)),
        (ConcurrencyLimitConfig(limit=2), (2, {"collision_strategy": "ENQUEUE"})),
        (
            ConcurrencyLimitConfig(
                limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW, grace_period_seconds=60
            ),
            (1, {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60}),
        ),
        (ConcurrencyLimitConfig(3, "CANCEL_NEW"), (3, {"collision_strategy": "CANCEL_NEW"})),
    ],
)
def test_takes_a_number_or_an_object(given, columns):
    body = limited.to_deployment("d", concurrency_limit=given).body()

    assert (body["concurrency_limit"], body["concurrency_options"]) == columns


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": "two"}, "is a number"),
        ({"limit": True}, "is a number"),
        ({"limit": -1}, "from 0 on"),
        ({"limit": 1, "collision_strategy": "DROP"}, "ENQUEUE and CANCEL_NEW"),
        ({"limit": 1, "grace_period_seconds": 5}, "from 60 to 86400"),
    ],
)
def test_refuses_what_is_no_limit(fields, said):
    with pytest.raises(DeploymentError, match=said):
        ConcurrencyLimitConfig(**fields)
    with pytest.raises(DeploymentError, match=said):
        limited.to_deployment("d", concurrency_limit=fields)


def test_shares_a_limit_by_its_name(api):
    api.limits["database"] = {"id": "0198a7e2-7b1e-7000-8000-000000000001"}

    limited.deploy("d", global_concurrency_limit="database")

    assert api.deployments["d"]["global_concurrency_limit_id"] == "0198a7e2-7b1e-7000-8000-000000000001"
    assert "concurrency_limit" not in api.deployments["d"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"global_concurrency_limit": "none"}, "no global concurrency limit 'none'"),
        ({"global_concurrency_limit": 3}, "is the name"),
        ({"global_concurrency_limit": "database", "concurrency_limit": 1}, "not both"),
    ],
)
def test_refuses_a_shared_limit_that_is_not_there(api, options, said):
    with pytest.raises(DeploymentError, match=said):
        limited.deploy("d", **options)

    assert api.deployments == {}
