from django.test import Client


def test_tells_an_interface_where_the_api_is(db, settings):
    settings.PUBLIC_URL = "https://example.com/orchestrator"

    answer = Client().get("/ui-settings").json()

    assert answer["api_url"] == "https://example.com/orchestrator/api"
    assert (answer["csrf_enabled"], answer["auth"], answer["flags"]) == (False, None, [])


def test_tells_that_a_password_is_asked_for_and_asks_for_none_itself(db, settings):
    settings.API_AUTH_STRING = "user:secret"

    response = Client().get("/ui-settings")

    assert (response.status_code, response.json()["auth"]) == (200, "BASIC")
    assert "secret" not in response.content.decode()
