"""How a reader wants the pages: colours, zone, density, keys."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.utils import timezone

from orchestrator.pages.preferences import preferences_of
from orchestrator.pages.words import day_words, exact_words
from tests.pages.markup import without_style

pytestmark = pytest.mark.django_db


def test_leaves_the_choice_to_the_system_at_first(client):
    body = without_style(client.get("/runs/"))

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

    assert "data-theme" not in without_style(client.get("/runs/"))


def test_takes_no_word_of_a_strange_cookie(client):
    client.cookies["theme"] = '"><script>'

    assert "data-theme" not in without_style(client.get("/runs/"))


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "", "javascript:alert(1)", "foo"])
def test_leads_nowhere_else(client, elsewhere):
    assert client.post("/theme", {"theme": "dark", "next": elsewhere}).url == "/"


def test_changes_nothing_for_a_mere_look(client):
    assert client.get("/theme").status_code == 405


def test_reaches_the_page_that_says_there_is_no_such_page(client):
    client.cookies["theme"] = "dark"

    assert 'data-theme="dark"' in client.get("/nothing-here").content.decode()


@pytest.mark.parametrize(
    ("name", "word", "mark"),
    [
        ("density", "compact", 'data-density="compact"'),
        ("palette", "safe", 'data-palette="safe"'),
        ("keys", "off", 'data-keys="off"'),
    ],
)
def test_keeps_every_choice_of_the_settings_page(client, name, word, mark):
    """SET-1: what is chosen is in the next page from its first byte, so nothing flashes."""
    client.post("/preferences", {name: word, "next": "/settings/"})

    body = client.get("/settings/").content.decode()
    assert mark in body
    assert f'<option value="{word}" selected>' in body


def test_leaves_alone_what_the_form_does_not_say(client):
    client.cookies["theme"] = "dark"

    client.post("/preferences", {"density": "compact", "next": "/settings/"})

    assert client.cookies["theme"].value == "dark"


def test_shows_times_in_the_zone_of_the_browser():
    moment = datetime(2026, 11, 20, 21, 12, 58, tzinfo=UTC)

    with timezone.override(preferences_of(asking(browser_zone="Europe/Berlin")).time_zone):
        shown = Template("{% load looks %}{% clock moment %}").render(Context({"moment": moment}))

    assert ">22:12:58</time>" in shown
    assert 'title="2026-11-20 22:12:58 CET · 21:12:58 UTC"' in shown
    assert 'datetime="2026-11-20T21:12:58' in shown


def test_prefers_the_chosen_zone(client):
    reader = preferences_of(asking(zone="UTC", browser_zone="Europe/Berlin"))

    assert (reader.time_zone, reader.zone_word) == (UTC, "UTC")


@pytest.mark.parametrize("name", ["../../etc/passwd", "Nowhere/At_All", '"><script>', "/etc/localtime"])
def test_knows_no_strange_zone(client, name):
    assert preferences_of(asking(zone=name)).time_zone == UTC
    answer = client.post("/preferences", {"zone": name, "next": "/settings/"}, follow=True)
    assert "There is no time zone" in answer.content.decode()


def test_says_the_zone_once_in_the_frame(client):
    client.cookies["zone"] = "Asia/Tokyo"

    body = client.get("/settings/").content.decode()

    assert "Times in<span>Asia/Tokyo</span>" in body


def test_answers_the_api_in_utc_whoever_asks(client):
    client.cookies["zone"] = "Asia/Tokyo"

    assert client.get("/api/admin/version").status_code == 200
    assert timezone.get_current_timezone_name() == "UTC"


def test_says_the_day_only_where_it_is_another():
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    assert day_words(datetime(2026, 11, 20, 22, tzinfo=UTC), now) == "22:00"
    assert day_words(datetime(2026, 11, 23, 4, tzinfo=UTC), now) == "Mon 04:00"
    assert day_words(datetime(2026, 12, 3, 4, tzinfo=UTC), now) == "3 Dec 04:00"


def test_says_both_days_where_they_differ():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        words = exact_words(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))

    assert words == "2026-11-21 00:30:00 CET · 2026-11-20 23:30:00 UTC"


def asking(**cookies):
    request = HttpRequest()
    request.COOKIES = cookies
    return request
