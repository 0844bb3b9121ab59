from __future__ import annotations

import pytest

from orchestrator.pages import navigation


@pytest.fixture(autouse=True)
def badges(monkeypatch):
    """None, and none kept from another test, so that a page's own queries can be counted. A test may register some."""
    monkeypatch.setattr(navigation, "_badges", {})
    monkeypatch.setattr(navigation, "_kept", {})
