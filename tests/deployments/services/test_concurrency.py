"""Limits that deployments own or share."""

from __future__ import annotations

from uuid import uuid4

import pytest

from deployments.services.concurrency import drop_deployment_limits, set_deployment_limit
from runs.errors import ConcurrencyLimitNotFound
from runs.models import ConcurrencyLimit
from tests.factories import make_deployment

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment():
    return make_deployment()


@pytest.fixture
def shared():
    return ConcurrencyLimit.objects.create(name="shared", limit=5)


def limit_of(deployment):
    deployment.refresh_from_db()
    limit = deployment.global_concurrency_limit
    return (limit.name, limit.limit) if limit else None


def own(deployment, number):
    set_deployment_limit(deployment=deployment, changes={"concurrency_limit": number})


def point_at(deployment, limit_id):
    set_deployment_limit(deployment=deployment, changes={"global_concurrency_limit_id": limit_id})


def test_makes_a_limit_of_the_deployments_name(deployment):
    own(deployment, 3)

    assert limit_of(deployment) == (f"deployment:{deployment.pk}", 3)


def test_changes_its_number(deployment):
    own(deployment, 3)
    own(deployment, 4)

    assert limit_of(deployment) == (f"deployment:{deployment.pk}", 4)
    assert ConcurrencyLimit.objects.count() == 1


def test_takes_it_away(deployment):
    own(deployment, 3)

    own(deployment, None)

    assert limit_of(deployment) is None
    assert not ConcurrencyLimit.objects.exists()


def test_changes_nothing_when_nothing_is_said(deployment, django_assert_num_queries):
    with django_assert_num_queries(0):
        set_deployment_limit(deployment=deployment, changes={"tags": []})


def test_shares_a_limit(deployment, shared):
    own(deployment, 3)

    point_at(deployment, shared.pk)

    assert limit_of(deployment) == ("shared", 5)
    assert list(ConcurrencyLimit.objects.all()) == [shared]


def test_no_longer_shares_it(deployment, shared):
    point_at(deployment, shared.pk)

    point_at(deployment, None)

    assert limit_of(deployment) is None
    assert ConcurrencyLimit.objects.filter(pk=shared.pk).exists()


def test_leaves_the_shared_one_alone_when_it_loses_or_gets_its_own(deployment, shared):
    point_at(deployment, shared.pk)

    own(deployment, None)
    without_own = limit_of(deployment)
    own(deployment, 1)

    assert without_own == ("shared", 5)
    assert limit_of(deployment) == (f"deployment:{deployment.pk}", 1)
    assert ConcurrencyLimit.objects.get(pk=shared.pk).limit == 5


def test_refuses_to_share_what_does_not_exist(deployment):
    with pytest.raises(ConcurrencyLimitNotFound):
        point_at(deployment, uuid4())


def test_drops_what_deployments_own_and_nothing_else(deployment, shared):
    own(deployment, 3)

    drop_deployment_limits(deployment_ids=[deployment.pk])

    assert list(ConcurrencyLimit.objects.all()) == [shared]
