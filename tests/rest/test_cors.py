"""Pages of other sites that may use the API."""

import pytest

UI = "https://ui.example.com"
EVIL = "https://evil.example"


@pytest.fixture(autouse=True)
def open_to_ui(settings):
    settings.CORS_ALLOWED_ORIGINS = [UI]
    settings.CORS_ALLOW_CREDENTIALS = True


def preflight(client, origin, path="/api/flows/filter"):
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,prefect-csrf-token,x-prefect-api-version,authorization",
    }
    return client.options(path, headers=headers)


def test_answers_a_preflight_without_asking_who_it_is(client, settings):
    settings.API_AUTH = "required"

    response = preflight(client, UI)

    assert response.status_code == 200
    assert response["access-control-allow-origin"] == UI
    assert response["access-control-allow-credentials"] == "true"
    assert "POST" in response["access-control-allow-methods"]
    allowed = response["access-control-allow-headers"]
    for name in ("content-type", "prefect-csrf-token", "x-prefect-api-version", "authorization"):
        assert name in allowed


def test_lets_the_pages_of_the_site_read_and_write(api):
    response = api.post("/flows", {"name": "a"}, origin=UI)

    assert (response.status_code, response["access-control-allow-origin"]) == (201, UI)
    assert "X-Orchestrator-Ignored" in response["access-control-expose-headers"]


def test_lets_the_pages_of_the_site_read_why_they_are_refused(api, settings):
    settings.API_AUTH = "required"

    response = api.get("/version", origin=UI)

    assert (response.status_code, response["access-control-allow-origin"]) == (401, UI)


def test_lets_no_other_site_in(api, client):
    assert "access-control-allow-origin" not in preflight(client, EVIL)
    assert api.post("/flows", {"name": "a"}, origin=EVIL).status_code == 403


def test_lets_every_site_in_without_cookies_when_told_so(api, client, settings):
    settings.CORS_ALLOWED_ORIGINS, settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOW_CREDENTIALS = [], True, False

    assert preflight(client, EVIL)["access-control-allow-origin"] == "*"
    assert api.post("/flows", {"name": "a"}, origin=EVIL).status_code == 201


def test_speaks_of_the_api_alone(client, db):
    assert "access-control-allow-origin" not in preflight(client, UI, "/admin/")
