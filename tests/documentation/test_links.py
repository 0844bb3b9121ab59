"""The pages lead to each other: every link has something at its end, and the README leads to every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documentation.snippets import ROOT, pages

PLACES = sorted(
    page.relative_to(ROOT).as_posix()
    for folder in ("concepts", "howto")
    for page in (ROOT / "docs" / folder).glob("*.md")
)


def links(page: Path) -> list[str]:
    """Where the page leads to inside the repository; parts of pages are left off."""
    found = re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", page.read_text())
    return [link for link in found if "://" not in link]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_leads_only_to_what_there_is(page):
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("place", PLACES)
def test_is_found_from_the_readme(place):
    assert place in links(ROOT / "README.md")
