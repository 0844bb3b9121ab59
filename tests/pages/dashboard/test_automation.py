"""The page of one automation."""

from __future__ import annotations

import pytest
from django.urls import reverse

from automations.models import Automation
from orchestrator.events.emit import emit
from orchestrator.pages.addresses import address_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def automation() -> Automation:
    return Automation.objects.create(name="Rerun what fails", trigger={"expect": ["x"]}, actions=[{"type": "nothing"}])


def test_it_tells_what_it_did_whatever_its_events_say(client, automation):
    resource = {"prefect.resource.id": f"prefect.automation.{automation.pk}"}
    emit(event="prefect.automation.created", resource=resource, payload={})
    emit(event="prefect.automation.action.failed", resource=resource, payload={"reason": "The run <is> gone."})
    emit(event="prefect.automation.action.executed", resource=resource, payload={"action_type": "run-deployment"})

    page = client.get(address_of("automation", automation.pk)).content.decode()

    for words in ("prefect.automation.created", "The run &lt;is&gt; gone.", "run-deployment"):
        assert words in page


def test_it_is_switched_on_its_page(client, automation):
    client.post(reverse("dashboard:switch-automation", args=[automation.pk]), {"enabled": "0"})

    automation.refresh_from_db()
    assert not automation.enabled


def test_it_leads_staff_to_the_admin_and_back(admin_client, automation):
    page, change = address_of("automation", automation.pk), f"/admin/automations/automation/{automation.pk}/change/"

    assert f'href="{change}"' in admin_client.get(page).content.decode()
    assert f'href="{page}"' in admin_client.get(change).content.decode()
