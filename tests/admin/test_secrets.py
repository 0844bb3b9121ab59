"""What nobody may read, administrators included."""

from __future__ import annotations

import contextlib

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from orchestrator.accounts.csrf import issue_csrf_token
from orchestrator.accounts.models import ApiKey, CsrfToken, User, digest_of, make_key
from orchestrator.store.models import BlockDocument
from orchestrator.store.services.block_documents import create_block_document
from orchestrator.store.services.block_schemas import register_block_schema
from orchestrator.store.services.block_types import create_block_type

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
    encrypted = [str(one) for one in BlockDocument.objects.values_list("encrypted_data", flat=True)]
    digests = [*ApiKey.objects.values_list("digest", flat=True), *CsrfToken.objects.values_list("digest", flat=True)]
    return [SECRET, key, user.password.rpartition("$")[2], *encrypted, *map(str, digests)]


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


@pytest.mark.parametrize("model", [ApiKey, CsrfToken])
def test_of_keys_do_not_leave_as_a_file(admin_client, secrets, model):
    listed = admin_client.get(reverse(f"admin:accounts_{model._meta.model_name}_changelist")).content.decode()

    assert "export_selected" not in listed
