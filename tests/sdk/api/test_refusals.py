"""What the server said no to, in words. The answers are those of the real server code."""

from __future__ import annotations

import pytest

from deployments.models import Deployment
from orchestrator import DeploymentError, deploy, flow
from orchestrator.sdk.api.client import use_client
from tests.in_process import in_process_client


@flow(name="numbers")
def numbers(n: int = 1) -> None: ...


@pytest.fixture(autouse=True)
def server(db):
    with use_client(in_process_client()):
        yield


# options of a deployment -> what is said
REFUSED = [
    ({"cron": "bad"}, "schedules.0.schedule.cron: Invalid cron string"),
    ({"cron": "@daily", "timezone": "Mars/Base"}, "schedules.0.schedule: Invalid timezone"),
    ({"interval": "often"}, "schedules.0.schedule.interval: "),
    ({"rrule": "FREQ=NEVER"}, "schedules.0.schedule.rrule: Invalid RRule string"),
    ({"work_pool_name": "nowhere"}, 'Work pool "nowhere" not found.'),
    ({"parameters": {"n": "x"}}, "Validation failed for field 'n'"),
    ({"concurrency_limit": 0}, "concurrency_limit: Input should be greater than 0"),
    ({"catch_up": "sometimes"}, "catch_up"),
    ({"schedules": [{"cron": "@daily", "slug": "a"}] * 2}, "slugs must be unique"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_is_one_clear_sentence(options, said):
    with pytest.raises(DeploymentError) as caught:
        numbers.deploy("daily", **options)

    assert str(caught.value).startswith("numbers/daily cannot be deployed: ")
    assert said in str(caught.value)
    assert str(caught.value).count(";") == 0


def test_names_everything_that_is_wrong_with_several():
    with pytest.raises(DeploymentError) as caught:
        deploy(
            numbers.to_deployment("a"),
            numbers.to_deployment("b", work_pool_name="nowhere"),
            numbers.to_deployment("c", work_pool_name="elsewhere"),
        )

    assert str(caught.value) == (
        'Nothing was deployed: numbers/b: Work pool "nowhere" not found.; numbers/c: Work pool "elsewhere" not found.'
    )
    assert not Deployment.objects.exists()


def test_says_nothing_when_all_is_well():
    ids = deploy(numbers.to_deployment("a", cron="@daily"), numbers.to_deployment("b"))

    assert [str(pk) for pk in Deployment.objects.order_by("name").values_list("pk", flat=True)] == ids


def test_is_refused_before_the_server_is_asked():
    for options, said in [
        ({"triggers": [object()]}, "This is no trigger"),
        ({"tags": "one"}, "tags is 'one'; a list"),
        ({"concurrency_limit": "2"}, "concurrency_limit is a number"),
        ({"concurrency_limit": {"limit": 2, "strategy": "x"}}, "concurrency_limit is a number"),
        ({"concurrency_limit": {"limit": 1, "collision_strategy": "NONE"}}, "collision_strategy is 'NONE'; there are"),
        ({"catch_up": object()}, "catch_up is planned"),
    ]:
        with pytest.raises(DeploymentError, match=said):
            numbers.to_deployment("daily", **options)
