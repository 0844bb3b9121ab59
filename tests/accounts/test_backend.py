"""Who is signed in is found out for every page."""

from __future__ import annotations

import pytest
from django.contrib.auth.backends import ModelBackend

from orchestrator.accounts.backend import AccountsBackend
from orchestrator.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password="secret", email="ann@example.org", is_staff=True)


def values_of(user: User | None) -> dict:
    assert user is not None
    return {field.attname: getattr(user, field.attname) for field in User._meta.concrete_fields}


def test_finds_somebody_with_all_that_django_finds(ann, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = AccountsBackend().get_user(ann.pk)

    assert found == ann
    assert values_of(found) == values_of(ModelBackend().get_user(ann.pk))


def test_tells_people_apart(ann):
    bob = User.objects.create_user("bob")

    assert [AccountsBackend().get_user(user.pk) for user in (bob, ann, bob)] == [bob, ann, bob]


def test_knows_nobody_who_is_gone_or_was_shut_out(ann):
    User.objects.filter(pk=ann.pk).update(is_active=False)

    assert AccountsBackend().get_user(ann.pk) is None
    assert AccountsBackend().get_user(ann.pk + 1) is None


def test_sees_at_the_next_page_that_somebody_was_shut_out(ann, client, settings):
    settings.API_AUTH = "required"
    assert client.login(username="ann", password="secret")
    assert client.get("/runs/").status_code == 200

    User.objects.filter(pk=ann.pk).update(is_active=False)

    assert client.get("/runs/").status_code == 302
