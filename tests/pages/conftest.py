from __future__ import annotations

import pytest

from deployments.pages import calendar_counts
from orchestrator.pages import navigation
from orchestrator.pages.kept import Kept


@pytest.fixture(autouse=True)
def badges(monkeypatch):
    """None, and none kept from another test, so that a page's own queries can be counted. A test may register some."""
    monkeypatch.setattr(navigation, "_badges", {})
    monkeypatch.setattr(navigation, "_kept", Kept(navigation.KEPT_SECONDS))


@pytest.fixture(autouse=True)
def days(monkeypatch):
    """No counts of the calendar from another test."""
    monkeypatch.setattr(calendar_counts, "_past", Kept(calendar_counts.KEPT_SECONDS))
