"""Sessions of people who signed in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from orchestrator.accounts.sessions import SessionStore
from orchestrator.contract.times import now

pytestmark = pytest.mark.django_db


def kept(store: type[db.SessionStore] = SessionStore) -> str:
    """The key of a session that is stored, with something in it."""
    session = store()
    session["word"] = "ruby"
    session.save()
    assert session.session_key
    return session.session_key


def test_knows_what_was_stored():
    assert SessionStore(kept())["word"] == "ruby"


def test_knows_the_sessions_that_django_stored_itself_and_the_other_way_round():
    assert SessionStore(kept(db.SessionStore))["word"] == "ruby"
    assert db.SessionStore(kept())["word"] == "ruby"


def test_keeps_those_signed_in_whom_django_itself_knew(client, django_user_model, settings):
    settings.API_AUTH = "required"
    client.force_login(django_user_model.objects.create_user("ann"))
    session = db.SessionStore(client.session.session_key)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()

    assert client.get("/runs/").status_code == 200


def test_asks_once_in_a_request(django_assert_num_queries):
    session = SessionStore(kept())

    with django_assert_num_queries(1):
        assert (session.get("word"), session.get("other")) == ("ruby", None)


def test_knows_nothing_of_a_session_that_is_over():
    key = kept()
    Session.objects.filter(session_key=key).update(expire_date=now() - timedelta(seconds=1))

    assert SessionStore(key).get("word") is None


def test_lets_nobody_choose_the_key_of_a_new_session():
    session = SessionStore("chosen-by-a-stranger")
    session["word"] = "ruby"
    session.save()

    assert session.session_key != "chosen-by-a-stranger"


def test_takes_data_that_somebody_changed_for_none():
    key = kept()
    Session.objects.filter(session_key=key).update(session_data="changed")

    assert SessionStore(key).get("word") is None
