"""What nobody may read, administrators included."""

from __future__ import annotations

import contextlib

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from automations.models import Automation
from deployments.services.deployment_runs import create_deployment_run
from deployments.services.deployments import update_deployment
from deployments.services.schedules import add_schedules
from orchestrator.accounts.csrf import issue_csrf_token
from orchestrator.accounts.models import ApiKey, CsrfToken, User, digest_of, make_key
from orchestrator.pages.schema_forms import MASK
from orchestrator.store.models import BlockDocument
from orchestrator.store.services.block_documents import create_block_document
from orchestrator.store.services.block_schemas import register_block_schema
from orchestrator.store.services.block_types import create_block_type
from runs.models import FlowRunInput
from tests.factories import make_deployment, make_work_pool

pytestmark = pytest.mark.django_db
SECRET = "correct-horse-battery-staple"


@pytest.fixture
def secrets(admin_user) -> list[str]:
    """Everything that must not be in a page."""
    user = User.objects.create(username="ann")
    user.set_password(SECRET)
    user.save()
    key = make_key()
    ApiKey.objects.create(name="ci", user=admin_user, digest=digest_of(key))
    issue_csrf_token(client="one")
    block_type = create_block_type(name="Password", slug="password")
    fields = {"type": "object", "properties": {"value": {"type": "string"}}, "secret_fields": ["value"]}
    schema, _ = register_block_schema(block_type_id=block_type.pk, fields=fields, capabilities=[])
    create_block_document(
        name="shop", data={"value": SECRET}, block_schema_id=schema.pk, block_type_id=block_type.pk, is_anonymous=False
    )
    keep_as_parameters()
    encrypted = [str(one) for one in BlockDocument.objects.values_list("encrypted_data", flat=True)]
    digests = [*ApiKey.objects.values_list("digest", flat=True), *CsrfToken.objects.values_list("digest", flat=True)]
    return [SECRET, key, user.password.rpartition("$")[2], *encrypted, *map(str, digests)]


def keep_as_parameters() -> None:
    """Wherever parameters are kept, under a schema that calls them secret, and where a run was given one."""
    schema = {"type": "object", "properties": {"token": {"type": "string", "format": "password"}}}
    given = {"token": SECRET}
    deployment = make_deployment(parameters=given, parameter_openapi_schema=schema, pool=make_work_pool())
    update_deployment(deployment_id=deployment.pk, changes={"tags": ["new"]})
    add_schedules(deployment_id=deployment.pk, schedules=[{"schedule": {"cron": "@daily"}, "parameters": given}])
    run, _ = create_deployment_run(deployment_id=deployment.pk)
    FlowRunInput.objects.create(flow_run=run, key="answer", value=SECRET)
    action = {"type": "run-deployment", "source": "selected", "parameters": given}
    actions = [{**action, "deployment_id": str(deployment.pk)}, {**action, "source": "inferred", "deployment_id": None}]
    trigger = {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0}
    Automation.objects.create(name="a", trigger=trigger, actions=actions, actions_on_trigger=actions)


def test_are_in_no_page_of_the_admin(admin_client, secrets):
    """ADM-2: no secret in the HTML."""
    looked_at = 0
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_changelist")]
        with contextlib.suppress(NoReverseMatch):
            pages += [reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all()[:3]]
        for page in pages:
            response = admin_client.get(page)
            assert response.status_code == 200, page
            html = response.content.decode()
            looked_at += 1
            assert [secret for secret in secrets if secret and secret in html] == [], page
    assert looked_at > 50


def test_are_in_no_export(admin_client, secrets):
    document = BlockDocument.objects.get()
    sent = {"action": "export_selected", "_selected_action": [str(document.pk)]}

    response = admin_client.post(reverse("admin:store_blockdocument_changelist"), sent)

    exported = b"".join(response.streaming_content).decode()
    assert "shop" in exported
    assert [secret for secret in secrets if secret and secret in exported] == []


def test_are_not_on_the_page_of_an_automation(client, secrets):
    """CFG-2: what a run will be given."""
    page = client.get(f"/automations/automation/{Automation.objects.get().pk}").content.decode()

    assert SECRET not in page
    assert page.count(MASK) == 4


@pytest.mark.parametrize("model", [ApiKey, CsrfToken])
def test_of_keys_do_not_leave_as_a_file(admin_client, secrets, model):
    listed = admin_client.get(reverse(f"admin:accounts_{model._meta.model_name}_changelist")).content.decode()

    assert "export_selected" not in listed
