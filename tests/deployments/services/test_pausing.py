"""Who paused a deployment or a schedule, and when."""

import pytest

from deployments.models import Deployment, DeploymentSchedule
from deployments.services.deployments import apply_deployment, pause_deployment, resume_deployment, update_deployment
from deployments.services.rollback import restore_version
from deployments.services.schedules import add_schedules, update_schedule
from orchestrator.events.models import Event
from tests.factories import make_deployment, make_flow

pytestmark = pytest.mark.django_db
ALICE = {"id": "1", "type": "USER", "display_value": "alice"}
BOB = {"id": "2", "type": "USER", "display_value": "bob"}
OFF = {"schedule": {"interval": 60}, "slug": "often", "active": False}


def test_is_kept_when_a_deployment_is_made_paused():
    flow = make_flow()

    made, _ = apply_deployment(flow_id=flow.pk, name="nightly", changes={"paused": True}, author=ALICE)

    assert made.paused_by == ALICE
    assert made.paused_at is not None


def test_is_kept_when_it_is_applied_again_by_somebody_else():
    made, _ = apply_deployment(flow_id=make_flow().pk, name="nightly", changes={"paused": True}, author=ALICE)

    apply_deployment(flow_id=made.flow_id, name="nightly", changes={"paused": True}, author=BOB)

    assert Deployment.objects.get().paused_by == ALICE


def test_is_forgotten_with_the_pause():
    made = make_deployment()
    pause_deployment(deployment_id=made.pk, author=ALICE)

    resume_deployment(deployment_id=made.pk)

    assert Deployment.objects.values_list("paused_at", "paused_by").get() == (None, None)


def test_is_not_known_of_who_does_not_say():
    made = make_deployment()

    pause_deployment(deployment_id=made.pk)

    found = Deployment.objects.get()
    assert found.paused_by is None
    assert found.paused_at is not None


def test_is_no_change_to_the_history():
    made = make_deployment()

    pause_deployment(deployment_id=made.pk, author=ALICE)

    assert not made.versions.exists()


def test_is_kept_of_a_schedule():
    made = make_deployment()
    schedule = add_schedules(deployment_id=made.pk, schedules=[OFF], author=ALICE)[0]
    update_schedule(deployment_id=made.pk, schedule_id=schedule.pk, changes={"max_scheduled_runs": 2}, author=BOB)

    schedule.refresh_from_db()

    assert schedule.paused_by == ALICE


def test_is_kept_of_a_schedule_that_is_replaced_by_its_like():
    made, _ = apply_deployment(flow_id=make_flow().pk, name="nightly", changes={}, schedules=[OFF], author=ALICE)

    apply_deployment(flow_id=made.flow_id, name="nightly", changes={"tags": ["a"]}, schedules=[OFF], author=BOB)

    assert DeploymentSchedule.objects.get().paused_by == ALICE


def test_is_whoever_goes_back_to_a_version_with_a_schedule_off():
    made, _ = apply_deployment(flow_id=make_flow().pk, name="nightly", changes={}, schedules=[OFF], author=ALICE)
    update_deployment(deployment_id=made.pk, changes={}, schedules=[OFF | {"active": True}])

    restore_version(deployment_id=made.pk, number=1, author=BOB)

    assert DeploymentSchedule.objects.get().paused_by == BOB


def test_is_announced_for_open_pages():
    made = make_deployment()
    schedule = add_schedules(deployment_id=made.pk, schedules=[OFF | {"active": True}])[0]
    Event.objects.all().delete()

    update_schedule(deployment_id=made.pk, schedule_id=schedule.pk, changes={"active": False})

    assert [event.payload["updated_fields"] for event in Event.objects.filter(event="prefect.deployment.updated")] == [
        ["schedules"]
    ]
