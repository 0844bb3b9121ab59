"""People are made and given roles on the command line."""

import json
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from orchestrator.accounts.models import User
from orchestrator.accounts.roles import Role, role_of

pytestmark = pytest.mark.django_db


def said(*arguments):
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_makes_somebody_who_may_sign_in_with_the_password_that_is_shown():
    password = said("create_user", "ada", "--role", "operator").split()[-1]

    user = authenticate(username="ada", password=password)
    assert user is not None
    assert role_of(user) is Role.OPERATOR


def test_takes_a_password_from_standard_input_and_does_not_repeat_it(monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("correct horse\n"))

    words = said("create_user", "ada", "--password-stdin")

    assert "horse" not in words
    assert authenticate(username="ada", password="correct horse") is not None


def test_makes_a_viewer_unless_told_otherwise():
    said("create_user", "ada")

    assert role_of(User.objects.get()) is Role.VIEWER


@pytest.mark.parametrize(("role", "enters"), [("viewer", False), ("operator", True), ("admin", True)])
def test_lets_operators_and_admins_into_the_admin_site(role, enters):
    said("create_user", "ada", "--role", role)

    assert User.objects.get().is_staff is enters


def test_says_that_a_name_is_taken():
    said("create_user", "ada")

    with pytest.raises(CommandError, match="'ada'"):
        said("create_user", "ada")


def test_gives_another_role_in_place_of_the_one_before():
    said("create_user", "ada", "--role", "admin")

    said("set_user_role", "ada", "viewer")

    assert role_of(User.objects.get()) is Role.VIEWER
    assert not User.objects.get().is_staff


def test_says_that_there_is_nobody_of_that_name():
    with pytest.raises(CommandError, match="'ada'"):
        said("set_user_role", "ada", "viewer")


def test_lists_people_with_their_roles():
    said("create_user", "ada", "--role", "admin")

    assert said("list_users").startswith("ada  admin")
    assert json.loads(said("list_users", "--json")) == [
        {"name": "ada", "role": "admin", "is_active": True, "last_login": None}
    ]
