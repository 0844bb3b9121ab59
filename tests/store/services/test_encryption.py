"""What is stored is encrypted, by the first key; every key opens what it made."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from orchestrator.store.errors import CannotDecrypt
from orchestrator.store.models import BlockDocument
from orchestrator.store.services import key_rotation
from orchestrator.store.services.encryption import decrypted, encrypted, uses_newest_key
from tests.store.making import make_document, make_schema, make_type, with_secrets

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_hides_what_it_stores(settings):
    settings.ENCRYPTION_KEYS = [OLD]

    stored = encrypted({"password": "hush"})

    assert "hush" not in stored
    assert decrypted(stored, of="it") == {"password": "hush"}


def test_opens_with_any_of_the_keys(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    stored = encrypted([1, 2**80, None])

    settings.ENCRYPTION_KEYS = [NEW, OLD]

    assert decrypted(stored, of="it") == [1, 2**80, None]
    assert not uses_newest_key(stored)


def test_names_the_setting_when_no_key_fits(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    stored = encrypted("hush")
    settings.ENCRYPTION_KEYS = [NEW]

    with pytest.raises(CannotDecrypt, match=r"block document 7.*ORCHESTRATOR_ENCRYPTION_KEYS") as raised:
        decrypted(stored, of="block document 7")

    assert "hush" not in str(raised.value)


def test_stores_documents_encrypted(api):
    document = make_document(api, {"password": "hush", "host": "example.org"}, secret=("password",))

    stored = BlockDocument.objects.get(pk=document["id"]).encrypted_data

    assert "hush" not in stored
    assert "example.org" not in stored


def test_lists_documents_that_no_key_opens_without_their_data(api, settings):
    schema = make_schema(api, make_type(api))
    lost = make_document(api, {"host": "a"}, schema=schema)
    settings.ENCRYPTION_KEYS = [NEW]
    make_document(api, {"host": "b"}, schema=schema)
    ours = {"block_documents": {"block_type_id": {"any_": [schema["block_type_id"]]}}}

    listed = api.post("/block_documents/filter", ours)
    asked = api.get(f"/block_documents/{lost['id']}?include_secrets=true")
    changed = api.patch(f"/block_documents/{lost['id']}", {"data": {"port": 1}})

    assert [one["data"] for one in listed.json()] == [{}, {"host": "b"}]
    for refused in (asked, changed):
        assert refused.status_code == 409
        assert "ORCHESTRATOR_ENCRYPTION_KEYS" in refused.json()["detail"]


def test_lets_a_document_that_no_key_opens_be_filled_anew(api, settings):
    lost = make_document(api, {"host": "a"})
    settings.ENCRYPTION_KEYS = [NEW]

    api.patch(f"/block_documents/{lost['id']}", {"data": {"host": "b"}, "merge_existing_data": False})

    assert with_secrets(api, lost)["data"] == {"host": "b"}


def test_rotates_every_document_to_the_newest_key_in_batches(api, settings, monkeypatch, capsys):
    settings.ENCRYPTION_KEYS = [OLD]
    schema = make_schema(api, make_type(api))
    documents = [make_document(api, {"number": number}, schema=schema) for number in range(5)]
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    monkeypatch.setattr(key_rotation, "BATCH", 2)

    call_command("rotate_encryption_keys")
    call_command("rotate_encryption_keys")

    assert capsys.readouterr().out == "5 block documents re-encrypted.\n0 block documents re-encrypted.\n"
    settings.ENCRYPTION_KEYS = [NEW]
    assert [with_secrets(api, one)["data"] for one in documents] == [{"number": number} for number in range(5)]


def test_rotates_what_it_can_and_says_what_it_cannot(api, settings, capsys):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    lost = make_document(api, {})
    settings.ENCRYPTION_KEYS = [OLD]
    make_document(api, {})
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    with pytest.raises(CommandError, match=lost["id"]):
        call_command("rotate_encryption_keys")

    assert capsys.readouterr().out == "1 block document re-encrypted.\n"
