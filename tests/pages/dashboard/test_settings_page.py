"""The settings page: the reader's choices, the keys, and what the server runs with."""

from __future__ import annotations

import re

import pytest

from orchestrator.pages.navigation import ITEMS
from tests.pages.markup import without_style

pytestmark = pytest.mark.django_db


def test_shows_what_the_server_runs_with(client):
    assert "<code>server.api.port</code>" in client.get("/settings/").content.decode()
    assert "<code>server.services.late_runs.enabled</code>" in client.get("/settings/?q=late_runs").content.decode()
    body = client.get("/settings/?section=server.database").content.decode()
    assert (
        '<code>server.database.connection_url</code></td><td class="words"><span class="muted">set, not shown' in body
    )


def test_tells_no_secret(client, settings):
    settings.API_AUTH_STRING = "admin:hunter2"
    settings.API_AUTH = "open"

    for address in ("/settings/?section=server.api", "/settings/?q=auth"):
        assert "hunter2" not in client.get(address).content.decode()


def test_finds_a_setting_by_its_name_or_value(client):
    body = client.get("/settings/", {"q": "csrf enabled"}).content.decode()

    names = re.findall(r"<td><code>([^<]+)</code>", body)
    assert "server.api.csrf_protection_enabled" in names
    assert all("csrf" in name for name in names)
    assert "No setting has “nonsense”" in client.get("/settings/", {"q": "nonsense"}).content.decode()


def test_stays_small(client):
    for address in ("/settings/", "/settings/?q=e", "/settings/?section=server.services"):
        assert len(without_style(client.get(address))) < 20_000

    assert "more have these words" in client.get("/settings/?q=e").content.decode()
    assert "There is no such section." in client.get("/settings/?section=nonsense").content.decode()


def test_lists_every_key(client):
    body = client.get("/settings/?fragment=keys").content.decode()

    assert "<html" not in body
    for item in ITEMS:
        if item.key:
            assert f"<kbd>g</kbd> <kbd>{item.key}</kbd> </th><td>{item.word}</td>" in body


def test_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/settings/").status_code == 200
