"""Pages for what went wrong stand in the frame of all pages, and help on."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from orchestrator.pages.actions import action

pytestmark = pytest.mark.django_db


def fail(request):
    raise ZeroDivisionError("secret=hunter2")


def refuse(request):
    raise PermissionDenied


def misunderstand(request):
    raise SuspiciousOperation


@action
def act(request):
    return HttpResponse("done")


urlpatterns = [
    path("fail", fail),
    path("api/fail", fail),
    path("refuse", refuse),
    path("misunderstand", misunderstand),
    path("act", act),
    path("", include("orchestrator.urls")),
]
handler400 = "orchestrator.pages.page.bad_request"
handler403 = "orchestrator.pages.page.not_allowed"
handler404 = "orchestrator.pages.page.not_found"
handler500 = "orchestrator.pages.page.server_error"

here = override_settings(ROOT_URLCONF=__name__)


@here
@pytest.mark.parametrize(
    ("address", "status", "heading"),
    [
        ("/misunderstand", 400, "The server does not understand this request"),
        ("/refuse", 403, "That is not allowed"),
        ("/nothing/here", 404, "There is no such page"),
        ("/fail", 500, "The server failed to make this page"),
    ],
)
def test_stands_in_the_same_frame(address, status, heading):
    """ALL-4: 404/403/500 pages in the same frame."""
    client = Client(raise_request_exception=False)

    answer = client.get(address)

    body = answer.content.decode()
    assert answer.status_code == status
    assert f"<h1>{heading}</h1>" in body
    assert body.count("<h1") == body.count("<main") == 1
    assert '<a class="skip" href="#main">' in body
    assert '<ul id="nav"' in body
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "hunter2" not in body


def test_helps_to_find_what_is_not_there(client):
    body = client.get("/nothing/here").content.decode()

    assert "<code>/nothing/here</code>" in body
    assert 'action="/search"' in body


@here
def test_says_so_in_plain_words_when_not_even_the_frame_can_be_made(monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError("no database")

    monkeypatch.setattr("orchestrator.pages.page.render", broken)

    answer = Client(raise_request_exception=False).get("/fail")

    assert answer.status_code == 500
    assert answer.content.decode().startswith("The server failed at ")


@here
def test_speaks_json_under_the_api():
    answer = Client(raise_request_exception=False).get("/api/fail")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/json")


@here
def test_explains_a_form_that_is_too_old():
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/act")

    assert answer.status_code == 403
    assert "load the page again, and send the form once more" in answer.content.decode()


def test_tells_a_stranger_name_of_the_server_in_plain_words(client):
    answer = client.get("/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
