import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orchestrator.accounts.models import PREFIX, ApiKey, User, digest_of
from orchestrator.contract.times import now

pytestmark = pytest.mark.django_db


def made(*arguments):
    output = StringIO()
    call_command("create_api_key", *arguments, stdout=output)
    return output.getvalue().strip()


def test_prints_a_key_that_opens_the_api():
    text = made("worker on host-3")

    assert text.startswith(PREFIX)
    assert ApiKey.objects.usable(now()).filter(digest=digest_of(text)).get().name == "worker on host-3"


def test_gives_the_key_an_owner_and_an_end():
    User.objects.create(username="ada")

    made("laptop", "--user", "ada", "--days", "30")

    key = ApiKey.objects.get()
    assert key.user.username == "ada"
    assert 29 < (key.expires_at - now()).total_seconds() / 86_400 <= 30


@pytest.mark.parametrize("arguments", [("x", "--user", "nobody"), ("x", "--days", "0")])
def test_makes_no_key_for_what_cannot_be(arguments):
    with pytest.raises(CommandError):
        made(*arguments)

    assert not ApiKey.objects.exists()


def test_lists_keys_for_programs():
    made("laptop")
    output = StringIO()

    call_command("list_api_keys", "--json", stdout=output)

    (key,) = json.loads(output.getvalue())
    assert (key["name"], key["user"], key["revoked_at"]) == ("laptop", None, None)
