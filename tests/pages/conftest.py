from __future__ import annotations

import pytest

from deployments.pages import calendar_counts
from orchestrator.pages import navigation
from orchestrator.web.kept import Kept


@pytest.fixture(autouse=True)
def badges(monkeypatch):
    """None, and none kept from another test, so that a page's own queries can be counted. A test may register some."""
    for registered in ("_badges", "_links"):
        monkeypatch.setattr(navigation, registered, {})
    for kept in ("_kept", "_kept_links"):
        monkeypatch.setattr(navigation, kept, Kept(navigation.KEPT_SECONDS))


@pytest.fixture(autouse=True)
def days(monkeypatch):
    """No counts of the calendar from another test."""
    monkeypatch.setattr(calendar_counts, "_past", Kept(calendar_counts.KEPT_SECONDS))
