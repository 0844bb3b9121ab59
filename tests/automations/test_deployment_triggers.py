"""The automations around a deployment, on its page."""

import pytest

from tests.factories import make_deployment

pytestmark = pytest.mark.django_db


def automate(api, name, action, **trigger):
    trigger = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0, **trigger}
    assert api.post("/automations/", {"name": name, "trigger": trigger, "actions": [action]}).status_code == 201


def test_are_told_with_what_they_wait_for_and_what_they_do(api, client, admin_client):
    found, other = make_deployment(), make_deployment()
    for one, name in ((found, "stop on errors"), (other, "unrelated")):
        action = {"type": "pause-deployment", "deployment_id": str(one.pk)}
        automate(api, name, action, expect=["prefect.flow-run.Failed"])

    page = client.get(f"/deployments/deployment/{found.pk}").content.decode()
    for_staff = admin_client.get(f"/deployments/deployment/{found.pk}").content.decode()

    assert "stop on errors" in page
    assert "on prefect.flow-run.Failed: pause-deployment" in page
    assert "unrelated" not in page
    assert "/admin/automations/automation/" not in page
    assert "/admin/automations/automation/" in for_staff


def test_are_not_there_where_nothing_watches(client):
    assert "Triggers" not in client.get(f"/deployments/deployment/{make_deployment().pk}").content.decode()
