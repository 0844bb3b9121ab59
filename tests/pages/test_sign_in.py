"""Signing in and out."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password="correct horse")  # no administrator


def test_leads_back_to_the_page_that_was_asked_for(client, ana, settings):
    settings.API_AUTH = "required"

    answer = client.post("/sign-in", {"username": "ana", "password": "correct horse", "next": "/runs/?state=failed"})

    assert answer.url == "/runs/?state=failed"
    assert client.get(answer.url).status_code == 200


def test_leads_nowhere_else(client, ana):
    answer = client.post("/sign-in", {"username": "ana", "password": "correct horse", "next": "https://evil.example/"})

    assert answer.url == "/"


def test_refuses_a_wrong_password_without_saying_which_half_is_wrong(client, ana):
    body = client.post("/sign-in", {"username": "ana", "password": "wrong"}).content.decode()

    assert "do not belong together" in body
    assert "wrong" not in body


def test_signs_out(client, ana, settings):
    settings.API_AUTH = "required"
    client.force_login(ana)
    assert "Sign out" in client.get("/runs/").content.decode()

    client.post("/sign-out")

    assert client.get("/runs/").status_code == 302
