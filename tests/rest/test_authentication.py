from base64 import b64encode
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from orchestrator.accounts.keys import create_api_key
from orchestrator.accounts.models import ApiKey, User
from orchestrator.contract.times import now
from orchestrator.rest.authentication import ANYONE, authenticate_token
from tests.clock import Clock

AUTH_STRING = "admin:pass"


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


@pytest.fixture
def closed(settings):
    settings.API_AUTH, settings.API_AUTH_STRING = "required", AUTH_STRING


@pytest.fixture
def key(db):
    return create_api_key(name="worker")[1]


def test_lets_everybody_in_when_it_is_open(api):
    assert api.get("/version").status_code == 200
    assert api.get("/version", authorization="Bearer nonsense").status_code == 200


@pytest.mark.parametrize("header", ["", basic("admin:wrong"), "Basic !", "Bearer nonsense", "Bearer", "Digest x"])
def test_keeps_out_whoever_is_not_known(api, closed, header):
    response = api.get("/version", authorization=header)

    assert response.status_code == 401
    assert response.json() == {"exception_message": "Unauthorized"}
    assert response.reason_phrase == "Unauthorized"


def test_lets_in_whoever_knows_the_auth_string(api, closed):
    assert api.get("/version", authorization=basic(AUTH_STRING)).status_code == 200


def test_lets_in_whoever_has_a_key(api, closed, key):
    assert api.get("/version", authorization=f"Bearer {key}").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"revoked_at": now()}, {"expires_at": now() - timedelta(seconds=1)}],
)
def test_keeps_out_keys_that_ended(api, closed, key, changes):
    ApiKey.objects.update(**changes)

    assert api.get("/version", authorization=f"Bearer {key}").status_code == 401


def test_keeps_out_a_key_that_ends_after_it_was_used(api, closed, key, monkeypatch):
    clock = Clock(monkeypatch, now())
    ApiKey.objects.update(expires_at=now() + timedelta(seconds=30))
    lately = api.get("/version", authorization=f"Bearer {key}").status_code
    clock.forward(seconds=31)

    assert (lately, api.get("/version", authorization=f"Bearer {key}").status_code) == (200, 401)


def test_lets_programs_do_what_the_owner_of_their_key_may_do_now(api, closed):
    ada = User.objects.create(username="ada")
    authorization = f"Bearer {create_api_key(name='laptop', user=ada)[1]}"
    refused = api.post("/flows/", {"name": "f"}, authorization=authorization)
    ada.groups.add(Group.objects.get(name="operator"))
    allowed = api.post("/flows/", {"name": "f"}, authorization=authorization)
    ada.groups.clear()

    again = api.post("/flows/", {"name": "g"}, authorization=authorization)

    assert [answer.status_code for answer in (refused, allowed, again)] == [403, 201, 403]


def test_keeps_out_the_keys_of_users_who_are_no_longer_active(api, closed):
    user = User.objects.create(username="ada", is_active=False)
    _, key = create_api_key(name="hers", user=user)

    assert api.get("/version", authorization=f"Bearer {key}").status_code == 401


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_answers_probes_without_asking_who_it_is(api, closed, path):
    assert api.get(path).status_code == 200


def test_remembers_when_a_key_was_used_at_most_once_a_minute(api, closed, key, django_assert_num_queries):
    api.get("/version", authorization=f"Bearer {key}")
    first = ApiKey.objects.get().last_used_at

    with django_assert_num_queries(1):
        api.get("/version", authorization=f"Bearer {key}")

    assert first is not None
    assert ApiKey.objects.get().last_used_at == first


def test_stores_no_key(key):
    assert key not in str(ApiKey.objects.values().get())


def test_lets_in_people_who_are_logged_in(closed, db):
    client = Client()
    client.force_login(User.objects.create(username="ada"))

    assert client.get("/api/version").status_code == 200


def test_wants_the_csrf_token_of_people_who_are_logged_in(closed, db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create(username="ada"))

    response = client.post("/api/flows", {"name": "a"}, content_type="application/json")

    assert response.status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
def test_refuses_writes_that_other_sites_send_through_a_browser(api, origin):
    assert api.post("/flows", {"name": "a"}, origin=origin).status_code == 403


def test_takes_writes_from_its_own_pages(api):
    assert api.post("/flows", {"name": "a"}, origin="http://testserver").status_code == 201


def test_tells_sockets_who_holds_a_token(closed, key):
    assert authenticate_token(AUTH_STRING) == ANYONE
    assert authenticate_token(key).key.name == "worker"
    assert authenticate_token(None) is None
    assert authenticate_token("nonsense") is None


def test_tells_sockets_that_no_token_is_needed_when_it_is_open(db):
    assert authenticate_token(None) == ANYONE


def test_keeps_the_description_of_the_api_from_strangers(db, settings, client):
    settings.API_AUTH = "required"

    assert client.get("/api/openapi.json").status_code == 401
