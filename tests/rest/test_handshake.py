import pytest
from django.db import DatabaseError, connection

SECRETS = ("s3cret-auth", "s3cret-key")


def test_is_healthy_and_ready(api):
    assert api.get("/health").json() is True
    assert api.get("/ready").json() == {"message": "OK"}


def test_is_not_ready_without_its_database(api, monkeypatch):
    def fail():
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", fail)
        response = api.get("/ready")

    assert response.status_code == 503


def test_tells_its_versions_as_bare_strings(api):
    assert api.get("/version").json() == "0.8.4"
    assert api.get("/admin/version").json() == "3.8.8"
    assert isinstance(api.get("/hello").json(), str)


def test_says_that_csrf_protection_is_off_in_the_words_that_clients_look_for(api):
    response = api.get("/csrf-token?client=x")

    assert (response.status_code, response.json()) == (422, {"detail": "CSRF protection is disabled."})


def test_masks_secrets_in_its_settings(api, settings):
    settings.API_AUTH_STRING, settings.SECRET_KEY = SECRETS

    response = api.get("/admin/settings", authorization="Basic czNjcmV0LWF1dGg=")

    assert "server" in response.json()
    assert not any(secret in response.content.decode() for secret in SECRETS)


def test_tells_its_settings_as_they_are(api, settings):
    settings.CSRF_PROTECTION, settings.URL_PREFIX = True, "/orchestrator"

    server = api.get("/admin/settings").json()["server"]

    assert server["api"]["csrf_protection_enabled"] is True
    assert server["api"]["base_path"] == "/orchestrator"
    assert server["logs"]["stream_out_enabled"] is True


def test_has_no_default_storage_block(api):
    assert api.get("/admin/storage").json() == {"default_result_storage_block_id": None}


@pytest.mark.parametrize("version", ["0.8.0", "0.8.4", "0.9.1", "1.0.0"])
def test_serves_clients_of_this_contract_and_later(api, version):
    assert api.get("/version", x_prefect_api_version=version).status_code == 200


@pytest.mark.parametrize("version", ["0.7.9", "banana", "0.8", "0.8.x", "", "9" * 5_000 + ".0.0"])
def test_refuses_clients_of_an_older_contract(api, version):
    response = api.post("/flows/count", {}, x_prefect_api_version=version)

    assert response.status_code == 400
    assert "detail" in response.json()


@pytest.mark.parametrize("path", ["/flows/", "/flows"])
def test_serves_both_slash_forms_without_a_redirect(api, path):
    assert api.post(path, {"name": "numbers"}).status_code in (200, 201)


def test_describes_itself(api):
    document = api.get("/openapi.json").json()

    assert {"/flows", "/flow_runs/{run_id}/set_state", "/logs"} <= set(document["paths"])
    assert "FlowRunFilter" in document["components"]["schemas"]


def test_serves_documentation_that_loads_nothing_from_elsewhere(client, db):
    answer = client.get("/docs")
    page = answer.content.decode()

    assert "swagger-ui" in page
    assert "https://" not in page
    assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") == 3
