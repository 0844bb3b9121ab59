"""Variables and blocks in the admin: found and read there, and never what is secret."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from orchestrator.events.models import Event
from orchestrator.store.models import BlockDocument, BlockReference, BlockSchema, BlockType, Configuration, Variable
from tests.store.making import holding, make_document

MODELS = [model for model in apps.get_app_config("store").get_models() if model is not BlockReference]  # seen inside
MOST_QUERIES = 12


def address_of(model, page, *arguments):
    return reverse(f"admin:store_{model._meta.model_name}_{page}", args=arguments)


@pytest.fixture
def rows(api):
    """One of everything; the document that is held has a secret."""
    login = make_document(api, {"user": "u", "password": "hush"}, secret=("password",))
    make_document(api, {"login": holding(login)})
    api.post("/variables/", {"name": "limit", "value": {"a": 1}})
    Configuration.objects.create(key="k", value={})
    return login


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_searches_and_opens(admin_client, rows, model, django_assert_max_num_queries):
    assert model in admin.site._registry
    with django_assert_max_num_queries(MOST_QUERIES):
        listed = admin_client.get(address_of(model, "changelist"))
    with django_assert_max_num_queries(MOST_QUERIES + 8):
        opened = admin_client.get(address_of(model, "change", model._default_manager.first().pk))

    assert listed.context["cl"].result_list
    assert opened.status_code == 200
    assert admin_client.get(address_of(model, "changelist"), {"q": "nothing"}).status_code == 200


def test_never_shows_what_is_in_a_block(admin_client, rows):
    document = BlockDocument.objects.get(pk=rows["id"])

    pages = [address_of(BlockDocument, "changelist"), address_of(BlockDocument, "change", document.pk)]

    for page in pages:
        content = admin_client.get(page).content.decode()
        assert document.name in content
        assert "hush" not in content
        assert document.encrypted_data not in content


@pytest.mark.parametrize("model", [BlockType, BlockSchema, BlockDocument, Configuration])
def test_lets_nobody_edit_what_clients_made(admin_client, rows, model):
    row = model.objects.first()

    assert admin_client.get(address_of(model, "add")).status_code == 403
    assert admin_client.post(address_of(model, "change", row.pk), {"name": "x"}).status_code == 403


def test_corrects_a_variable_with_an_event(admin_client, rows):
    variable = Variable.objects.get()

    admin_client.post(address_of(Variable, "change", variable.pk), {"value": "[1]", "tags": '["a"]'})

    variable.refresh_from_db()
    assert (variable.value, variable.tags) == ([1], ["a"])
    assert Event.objects.filter(event="prefect.variable.updated").count() == 1


@pytest.mark.parametrize(("model", "kind"), [(Variable, "variable"), (BlockDocument, "block-document")])
def test_deletes_with_an_event(admin_client, rows, model, kind):
    row = model.objects.first()

    admin_client.post(address_of(model, "delete", row.pk), {"post": "yes"})

    assert not model.objects.filter(pk=row.pk).exists()
    assert Event.objects.filter(event=f"prefect.{kind}.deleted").count() == 1
