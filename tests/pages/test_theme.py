"""Choosing between light and dark."""

import pytest

pytestmark = pytest.mark.django_db


def test_leaves_the_choice_to_the_system_at_first(client):
    body = client.get("/runs/").content.decode()

    assert "data-theme" not in body
    assert '<button name="theme" value="" aria-pressed="true">Auto</button>' in body


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_keeps_a_choice_and_goes_back_to_the_page(client, theme):
    answer = client.post("/theme", {"theme": theme, "next": "/runs/?state=failed"})

    assert (answer.status_code, answer.url) == (303, "/runs/?state=failed")
    body = client.get("/runs/").content.decode()
    assert f'<html lang="en" data-theme="{theme}"' in body
    assert f'<button name="theme" value="{theme}" aria-pressed="true">' in body


@pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
def test_forgets_a_choice_for_any_other_word(client, theme):
    client.cookies["theme"] = "dark"

    client.post("/theme", {"theme": theme, "next": "/runs/"})

    assert "data-theme" not in client.get("/runs/").content.decode()


def test_takes_no_word_of_a_strange_cookie(client):
    client.cookies["theme"] = '"><script>'

    assert "data-theme" not in client.get("/runs/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "", "javascript:alert(1)"])
def test_leads_nowhere_else(client, elsewhere):
    assert client.post("/theme", {"theme": "dark", "next": elsewhere}).url == "/runs/"


def test_changes_nothing_for_a_mere_look(client):
    assert client.get("/theme").status_code == 405


def test_reaches_the_page_that_says_there_is_no_such_page(client):
    client.cookies["theme"] = "dark"

    assert 'data-theme="dark"' in client.get("/nothing-here").content.decode()
