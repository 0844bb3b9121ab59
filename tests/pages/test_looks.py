"""How states look, and where links of a list lead."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.html import escape

from orchestrator.contract.states import StateType
from orchestrator.pages.looks import look_of
from orchestrator.pages.templatetags.looks import state_badge, with_query

STATIC = Path(settings.BASE_DIR) / "static"


@pytest.mark.parametrize(
    ("state_type", "name", "tone", "word"),
    [
        ("COMPLETED", "Completed", "completed", "Completed"),
        ("COMPLETED", "Cached", "cached", "Cached"),  # nothing ran, which Completed does not say
        ("SCHEDULED", "Late", "late", "Late"),
        ("SCHEDULED", "AwaitingRetry", "retrying", "AwaitingRetry"),
        ("FAILED", "My own name", "failed", "My own name"),  # an author's name keeps its word
        ("CANCELLING", None, "cancelled", "Cancelling"),
        (None, None, "scheduled", "No state"),
    ],
)
def test_gives_a_state_its_tone_and_word(state_type, name, tone, word):
    look = look_of(state_type, name)

    assert (look.tone, look.word) == (tone, word)


@pytest.mark.parametrize(
    ("name", "said"), [("My own long name", True), ("Completed", False), ('<"long and mean">', True)]
)
def test_says_on_hover_the_whole_name_that_a_list_may_cut(name, said):
    badge = state_badge("COMPLETED", name)

    assert (f' title="{escape(name)}"' in badge) == said


def test_has_a_colour_and_an_icon_for_every_state():
    css = (STATIC / "css" / "tokens.css").read_text()
    sprite = (Path(settings.BASE_DIR) / "templates" / "sprite.html").read_text()

    for state_type in StateType:
        look = look_of(state_type, None)
        assert f".tone-{look.tone} " in css
        assert f'id="i-{look.icon}"' in sprite


def test_colours_the_admin_like_the_pages():
    pages, admin = (
        re.findall(r"^\.tone-.*$", (STATIC / name).read_text(), re.M) for name in ("css/tokens.css", "admin.css")
    )

    assert pages == admin


def test_keeps_the_contrast_of_every_badge_readable():
    css = (STATIC / "css" / "tokens.css").read_text()
    pairs = re.findall(r"--soft: light-dark\((#\w+), (#\w+)\); --ink: light-dark\((#\w+), (#\w+)\)", css)

    assert len(pairs) >= 11
    for soft_light, soft_dark, ink_light, ink_dark in pairs:
        assert contrast(soft_light, ink_light) >= 7
        assert contrast(soft_dark, ink_dark) >= 7


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("asked", "changes", "expected"),
    [
        ("", {"size": 25}, "?size=25"),
        ("tag=a&tag=b&q=x y", {"size": 25}, "?tag=a&tag=b&q=x+y&size=25"),
        ("size=100&size=50&tag=a", {"size": 25}, "?size=25&tag=a"),
        ("older=x&tag=a", {"older": None, "newer": None}, "?tag=a"),
        ("older=x", {"older": None}, "/runs/"),
        ("fragment=runs&after=3&tag=größe", {}, "?tag=gr%C3%B6%C3%9Fe"),
    ],
)
def test_leads_to_the_same_list_but_for_what_is_changed(rf, asked, changes, expected):
    assert with_query({"request": rf.get(f"/runs/?{asked}")}, **changes) == expected
