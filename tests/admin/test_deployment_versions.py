"""The history of a deployment in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from deployments.models import Deployment
from deployments.services.deployments import apply_deployment
from deployments.services.work_pools import delete_work_pool
from orchestrator.accounts.models import User
from runs.services.flows import get_or_create_flow
from tests.factories import make_work_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment():
    flow, _ = get_or_create_flow(name="analysis")
    for pool in ("old", "new"):
        make_work_pool(pool)
        made, _ = apply_deployment(
            flow_id=flow.pk, name="daily", changes={"work_pool_name": pool, "tags": ["<b>", pool]}
        )
    return made


def page(deployment):
    return reverse("admin:deployments_deployment_change", args=[deployment.pk])


def way_back(deployment, number=1):
    version = deployment.versions.get(number=number)
    return reverse("admin:deployments_deploymentversion_restore", args=[version.pk])


def test_is_shown_with_the_deployment(admin_client, deployment):
    shown = admin_client.get(page(deployment)).content.decode()

    assert "Roll back to version 1" in shown
    assert "Roll back to version 2" not in shown
    assert way_back(deployment) in shown


def test_shows_what_differs_before_anything_is_done(admin_client, deployment):
    shown = admin_client.get(way_back(deployment)).content.decode()

    assert "work_pool_name" in shown
    assert "&lt;b&gt;" in shown
    assert Deployment.objects.get().work_queue.work_pool.name == "new"


def test_leads_back(admin_client, deployment, admin_user):
    response = admin_client.post(way_back(deployment), follow=True)

    assert "is as in version 1 again; this is version 3" in response.content.decode()
    assert Deployment.objects.get().work_queue.work_pool.name == "old"
    assert deployment.versions.get(number=3).author == "admin"


def test_says_why_there_is_no_way_back(admin_client, deployment):
    delete_work_pool(name="old")

    response = admin_client.post(way_back(deployment), follow=True)

    assert "work pool &#x27;old&#x27; is gone" in response.content.decode()


def test_shows_the_difference_of_one_version(admin_client, deployment):
    version = deployment.versions.get(number=2)

    shown = admin_client.get(reverse("admin:deployments_deploymentversion_change", args=[version.pk])).content.decode()

    assert "work_pool_name" in shown
    assert "&lt;b&gt;" in shown


def test_is_written_when_somebody_corrects_a_deployment(admin_client, deployment):
    form = {"description": "corrected", "tags": '["a"]', "catch_up_policy": "planned", "catch_up_max_age_seconds": ""}

    admin_client.post(page(deployment), form)

    latest = deployment.versions.newest_first()[0]
    assert (latest.number, latest.changed, latest.author) == (3, ["description", "tags"], "admin")


def test_is_for_those_who_may_change_deployments(client, deployment):
    user = User.objects.create(username="reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_deploymentversion"))
    client.force_login(user)

    assert client.post(way_back(deployment)).status_code == 403
    assert client.get(way_back(deployment)).status_code == 403
    client.logout()
    assert client.post(way_back(deployment)).status_code == 302
    assert deployment.versions.count() == 2
