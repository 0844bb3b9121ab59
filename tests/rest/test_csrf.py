"""Tokens of clients, where the server asks for them."""

import pytest
from django.test import Client

from orchestrator.accounts.models import CsrfToken, User
from tests.rest.test_authentication import basic

CLIENT = "3f1c"


@pytest.fixture(autouse=True)
def protected(settings):
    settings.CSRF_PROTECTION = True


@pytest.fixture
def token(api):
    return api.get(f"/csrf-token?client={CLIENT}").json()


def test_hands_out_a_token_for_an_hour(api, token):
    assert set(token) == {"id", "created", "updated", "token", "client", "expiration"}
    assert len(token["token"]) == 64
    assert token["client"] == CLIENT


def test_takes_an_unsafe_request_with_the_token_of_its_client(api, token):
    response = api.post("/flows", {"name": "a"}, prefect_csrf_token=token["token"], prefect_csrf_client=CLIENT)

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, "Missing CSRF token."),
        ({"prefect_csrf_client": CLIENT}, "Missing CSRF token."),
        ({"prefect_csrf_token": "x"}, "Missing client identifier."),
        ({"prefect_csrf_token": "x", "prefect_csrf_client": CLIENT}, "Invalid CSRF token or client identifier."),
        ({"prefect_csrf_token": "x", "prefect_csrf_client": "other"}, "Invalid CSRF token or client identifier."),
        ({"x_csrftoken": "x"}, "Missing CSRF token."),
    ],
)
def test_refuses_an_unsafe_request_in_the_words_that_clients_look_for(api, token, headers, detail):
    response = api.post("/flows", {"name": "a"}, **headers)

    assert (response.status_code, response.json()) == (403, {"detail": detail})


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_asks_for_a_token_for_every_unsafe_method(api, method):
    arguments = () if method == "delete" else ({},)

    response = getattr(api, method)("/flows/11111111-1111-4111-8111-111111111111", *arguments)

    assert response.json() == {"detail": "Missing CSRF token."}


def test_asks_for_no_token_to_read(api):
    assert api.get("/version").status_code == 200


def test_looks_for_the_token_before_it_asks_who_it_is(api, settings):
    settings.API_AUTH, settings.API_AUTH_STRING = "required", "admin:pass"

    assert api.post("/flows", {"name": "a"}).status_code == 403
    assert api.get(f"/csrf-token?client={CLIENT}").status_code == 401
    assert api.get(f"/csrf-token?client={CLIENT}", authorization=basic("admin:pass")).status_code == 200


def test_takes_the_writes_of_its_own_pages(db, settings):
    settings.API_AUTH = "required"
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create(username="ada", is_staff=True, is_superuser=True))
    client.get("/admin/password_change/")
    secret = client.cookies["csrftoken"].value

    response = client.post("/api/flows", '{"name": "a"}', "application/json", headers={"x-csrftoken": secret})

    assert response.status_code == 201


@pytest.mark.parametrize("query", ["", "?client=" + "x" * 256])
def test_needs_a_usable_name_of_the_client(api, query):
    assert api.get(f"/csrf-token{query}").status_code == 422
    assert not CsrfToken.objects.exists()


def test_costs_nothing_when_it_is_off(api, settings, django_assert_num_queries):
    settings.CSRF_PROTECTION = False

    with django_assert_num_queries(1):
        assert api.post("/flows/count").status_code == 200
