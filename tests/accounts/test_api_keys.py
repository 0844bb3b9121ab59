"""Keys are listed and revoked on the command line, and made and revoked in the admin."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orchestrator.accounts.keys import create_api_key
from orchestrator.accounts.models import ApiKey, User, digest_of
from orchestrator.contract.times import now

pytestmark = pytest.mark.django_db


def said(*arguments):
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def admin(client):
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def test_lists_the_keys_that_can_be_used():
    _, text = create_api_key(name="laptop", expires_at=now() + timedelta(days=1))
    create_api_key(name="expired", expires_at=now() - timedelta(days=1))
    create_api_key(name="revoked")
    call_command("revoke_api_key", "revoked", stdout=StringIO())

    assert "laptop" in said("list_api_keys")
    assert not any(word in said("list_api_keys") for word in ("expired", "revoked", text))
    assert all(word in said("list_api_keys", "--all") for word in ("EXPIRED", "REVOKED"))


@pytest.mark.parametrize("by", ["name", "pk"])
def test_revokes_a_key(by):
    key, text = create_api_key(name="laptop")

    said("revoke_api_key", str(getattr(key, by)))

    assert not ApiKey.objects.usable(now()).filter(digest=digest_of(text)).exists()


def test_says_that_there_is_no_such_key():
    with pytest.raises(CommandError, match="nothing"):
        said("revoke_api_key", "nothing")


def test_shows_a_key_once_to_whoever_makes_it_in_the_admin(admin, api):
    page = admin.post("/admin/accounts/apikey/add/", {"name": "laptop"}, follow=True).content.decode()

    text = re.search(r"orc_[\w-]+", page)[0]
    assert api.get("/version", authorization=f"Bearer {text}").status_code == 200
    assert text not in admin.get("/admin/accounts/apikey/").content.decode()


def test_keeps_the_key_when_its_row_is_changed_in_the_admin(admin):
    key, text = create_api_key(name="laptop")

    admin.post(f"/admin/accounts/apikey/{key.pk}/change/", {"name": "desktop"})

    assert ApiKey.objects.usable(now()).filter(digest=digest_of(text)).get().name == "desktop"
