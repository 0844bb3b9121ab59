from datetime import timedelta

import pytest

from orchestrator.accounts.csrf import forget_expired_tokens, is_valid_csrf_token, issue_csrf_token
from orchestrator.accounts.models import CsrfToken
from orchestrator.contract.times import now

pytestmark = pytest.mark.django_db


def test_gives_each_client_a_token_of_its_own():
    _, one = issue_csrf_token(client="one")
    _, two = issue_csrf_token(client="two")

    assert is_valid_csrf_token(client="one", text=one)
    assert not is_valid_csrf_token(client="one", text=two)
    assert not is_valid_csrf_token(client="nobody", text=one)


def test_lets_a_client_have_one_token_at_a_time():
    _, first = issue_csrf_token(client="one")
    _, second = issue_csrf_token(client="one")

    assert not is_valid_csrf_token(client="one", text=first)
    assert is_valid_csrf_token(client="one", text=second)
    assert CsrfToken.objects.count() == 1


def test_lasts_as_long_as_the_setting_says(settings):
    settings.CSRF_TOKEN_SECONDS = 60

    token, _ = issue_csrf_token(client="one")

    assert 50 < (token.expires_at - now()).total_seconds() <= 60


def test_forgets_what_has_expired():
    _, text = issue_csrf_token(client="old")
    CsrfToken.objects.update(expires_at=now() - timedelta(seconds=1))

    assert not is_valid_csrf_token(client="old", text=text)
    assert forget_expired_tokens() == 1


def test_forgets_the_expired_tokens_of_others_when_it_makes_one():
    issue_csrf_token(client="old")
    CsrfToken.objects.update(expires_at=now() - timedelta(seconds=1))

    issue_csrf_token(client="new")

    assert list(CsrfToken.objects.values_list("client", flat=True)) == ["new"]


def test_stores_no_token():
    _, text = issue_csrf_token(client="one")

    assert text not in str(CsrfToken.objects.values().get())
