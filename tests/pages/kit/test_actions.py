"""What people do on pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage

from orchestrator.accounts.models import User
from orchestrator.pages.actions import action, confirm, done, reason_given, refused

pytestmark = pytest.mark.django_db


@action
def delete(request):
    asked = confirm(
        request,
        title="Delete 2 runs",
        sentence="They are gone then.",
        button="Delete 2 runs",
        back="/runs/",
        reason=True,
    )
    return asked or done(request, f"Deleted: {reason_given(request)}", "/runs/")


@action(needs="administer")
def reveal(request):
    return refused(request, "There is nothing.", "/blocks/")


@pytest.fixture
def post(rf):
    def send(view, fields=None, user=None):
        request = rf.post("/runs/delete", fields or {})
        request.user = user or AnonymousUser()
        request.session = {}
        request._messages = FallbackStorage(request)
        response = view(request)
        response.told = [str(message) for message in get_messages(request)]
        return response

    return send


def somebody(role: str) -> User:
    user = User.objects.create(username=role)
    user.groups.add(Group.objects.get(name=role))
    return user


def test_asks_first_and_keeps_what_was_chosen(post):
    page = post(delete, {"run": ["1", "2"]})

    assert page.status_code == 200
    assert page.told == []
    body = page.content.decode()
    assert body.count('type="hidden" name="run"') == 2
    assert 'name="confirmed" value="1"' in body
    assert 'name="reason"' in body


def test_does_it_once_it_was_confirmed(post):
    answer = post(delete, {"confirmed": "1", "reason": " too old "})

    assert (answer.status_code, answer.url) == (303, "/runs/")
    assert answer.told == ["Deleted: too old"]


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ("/runs/?state=failed", "/runs/?state=failed"),
        ("//evil", "/runs/"),
        ("foo", "/runs/"),  # no path, and not the name of an address
        ("?state=failed", "/runs/"),
        ("runs:list", "/runs/"),
    ],
)
def test_goes_back_to_pages_of_this_server_alone(post, back, expected):
    assert post(delete, {"confirmed": "1", "next": back}).url == expected


def test_answers_only_posted_forms(rf):
    assert delete(rf.get("/runs/delete")).status_code == 405


@pytest.mark.parametrize(("view", "role", "status"), [
    (delete, "viewer", 403), (delete, "operator", 303), (delete, "admin", 303),
    (reveal, "viewer", 403), (reveal, "operator", 403), (reveal, "admin", 303),
])  # fmt: skip
def test_asks_for_a_role_on_a_closed_server(post, settings, view, role, status):
    settings.API_AUTH = "required"

    answer = post(view, {"confirmed": "1"}, somebody(role))

    assert answer.status_code == status
    if status == 403:
        assert answer.told == []
        assert "That needs the role" in answer.content.decode()


def test_sends_strangers_to_the_sign_in(post, settings):
    settings.API_AUTH = "required"

    answer = post(delete, {"confirmed": "1"})

    assert answer.status_code == 302
    assert "sign-in" in answer.url


def test_keeps_a_viewer_who_signed_in_to_an_open_server_a_viewer(post):
    assert post(delete, {"confirmed": "1"}, somebody("viewer")).status_code == 403
