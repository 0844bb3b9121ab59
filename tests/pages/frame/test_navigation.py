"""What the navigation offers, and the numbers beside it."""

from __future__ import annotations

import re
import threading

import pytest
from django.db import DatabaseError
from django.urls import resolve

from orchestrator.dashboard import pins
from orchestrator.pages import navigation
from orchestrator.pages.models import SavedView
from orchestrator.pages.navigation import Badge, address_of_item, register_badge
from orchestrator.pages.saved_views import save_view
from orchestrator.web.kept import Kept

pytestmark = pytest.mark.django_db
PINS = re.compile(r'<a class="pin" href="([^"]+)">([^<]+)</a>')


@pytest.mark.parametrize("item", navigation.ITEMS, ids=lambda item: item.name)
def test_leads_to_a_page_that_exists(item):
    assert resolve(address_of_item(item))


def test_gives_every_key_to_one_entry_alone():
    keys = [item.key for item in navigation.ITEMS if item.key]

    assert len(keys) == len(set(keys))
    assert {"o", "r", "f", "d", "w", "a", "e"} <= set(keys)


@pytest.mark.parametrize(("path", "word"), [("/", "Overview"), ("/settings/", "Settings"), ("/runs/", "Runs")])
def test_marks_where_the_reader_is(client, path, word):
    body = client.get(path).content.decode()

    assert body.count('aria-current="page"') <= 3  # the navigation, and the bar at the foot of phones
    assert f'aria-current="page"{_go(word)}>{word}' in body


def test_shows_a_number_that_calls_for_somebody(client):
    register_badge("work-pools", lambda: Badge("2", "2 pools have no worker"))

    body = client.get("/settings/").content.decode()

    assert '<span class="count tone-failed" title="2 pools have no worker">' in body
    assert '<span class="vh">, 2 pools have no worker</span>' in body


def test_tells_strangers_no_numbers(client, settings, django_user_model):
    settings.API_AUTH = "required"
    register_badge("work-pools", lambda: Badge("2", "2 pools have no worker"))

    assert "2 pools" not in client.get("/sign-in").content.decode()
    assert "2 pools" not in client.get("/nothing-here").content.decode()
    assert "data-live" not in client.get("/sign-in").content.decode()  # no socket would open
    client.force_login(django_user_model.objects.create_user("ada", password="x"))
    assert "2 pools" in client.get("/settings/").content.decode()


def test_counts_once_in_a_while():
    asked = []
    register_badge("runs", lambda: asked.append(1))

    for _ in range(3):
        navigation._badge_of("runs")

    assert asked == [1]


def test_stands_without_a_number_when_the_database_fails(client):
    def fail():
        raise DatabaseError

    register_badge("runs", fail)

    assert client.get("/settings/").status_code == 200


def test_is_fetched_alone_from_any_page(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        body = client.get("/runs/?fragment=nav").content.decode()

    assert body.lstrip().startswith('<ul id="nav"')
    assert "<main" not in body


def _go(word):
    return "".join(f' data-go="{item.key}"' for item in navigation.ITEMS if item.word == word and item.key)


def test_is_counted_by_one_while_the_others_show_the_number_before(monkeypatch):
    monkeypatch.setattr(navigation, "_kept", Kept(0.0))
    begun, go_on = threading.Event(), threading.Event()
    register_badge("runs", lambda: Badge("1", "1 running"))
    navigation._badge_of("runs")

    def count_slowly():
        begun.set()
        go_on.wait(10)
        return Badge("2", "2 running")

    register_badge("runs", count_slowly)
    slow = threading.Thread(target=navigation._badge_of, args=("runs",))
    slow.start()
    begun.wait(10)
    register_badge("runs", lambda: Badge("3", "it was counted twice"))
    meanwhile = navigation._badge_of("runs")
    go_on.set()
    slow.join(10)

    assert meanwhile.words == "1"


def test_leads_to_the_views_that_its_reader_pinned(client, django_user_model):
    """VIEW-1: pin to nav."""
    pins.register()
    ada, bob = (django_user_model.objects.create_user(name, password="x") for name in ("ada", "bob"))
    save_view(owner_id=bob.pk, kind="runs", name="Of Bob alone", query="state=failed")
    save_view(owner_id=bob.pk, kind="runs", name="A shared one", query="state=late", is_shared=True)
    own = save_view(owner_id=ada.pk, kind="runs", name="Prod <failed>", query="state=failed&tag=prod")
    client.force_login(ada)

    body = client.get("/settings/").content.decode()

    assert PINS.findall(body) == [
        (f"/runs/?state=failed&amp;tag=prod&amp;view={own.pk}", "Prod &lt;failed&gt;"),
        (f"/runs/?state=late&amp;view={own.pk - 1}", "A shared one"),
    ]
    client.post(f"/views/{own.pk}/change", {"do": "unpin"})
    assert [word for _, word in PINS.findall(client.get("/settings/").content.decode())] == ["A shared one"]


def test_shows_at_once_what_was_pinned_in_another_process(client, settings):
    settings.WEB_PROCESSES = 2
    pins.register()
    first = save_view(owner_id=None, kind="runs", name="Broken", query="state=failed")
    client.get("/settings/")

    SavedView.objects.filter(pk=first.pk).update(name="Elsewhere")  # no signal reaches this process

    assert "Elsewhere</a>" in client.get("/settings/").content.decode()


def test_asks_for_pins_once_in_a_while(client, django_assert_num_queries):
    pins.register()
    save_view(owner_id=None, kind="runs", name="Broken", query="state=failed")
    client.get("/settings/")

    with django_assert_num_queries(0):
        body = client.get("/settings/").content.decode()

    assert "Broken</a>" in body
