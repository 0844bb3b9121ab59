"""The one style sheet and the one script of a page, joined from small files when a server starts.

Each page then costs two requests, and carries what its areas need.

- The style sheet stands in the page: 6 kB on the wire. A browser that comes for the first time would ask for a file of
  its own, and lay out nothing before the answer is there, which was a sixth of its time.
- The script is a file under the static root with a name that changes with what is in it, so browsers keep it for good;
  WhiteNoise serves it, compressed beforehand. Nobody waits for it to see the page, and it begins when the page has been
  shown (`static/js/base.js`).

There is no build step: whoever changes a source starts the server again, or has ORCHESTRATOR_DEBUG on, with which each
page looks for itself.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import rcssmin
import rjsmin
from django.conf import settings
from django.utils.safestring import SafeString
from whitenoise.middleware import WhiteNoiseMiddleware

T = TypeVar("T")

# In the order in which they are joined. The scripts share one scope: the names at their top are unique.
STYLES = ("tokens", "frame", "controls", "tables", "charts", "palette")
FIRST_SCRIPT = "base"  # which says when the others begin
SCRIPTS = ("copying", "clocks", "keys", "palette", "preferences", "panels")
LAST_SCRIPTS = ("live",)  # begins when the others are there
VENDORED = ("vendor/idiomorph/idiomorph.min.js",)

# What only some pages need. A page names its areas; `BUNDLES` has every choice that there is.
AREA_STYLES = ("overview", "lists", "run", "log", "deployments", "pools", "forms", "events", "artifacts")
AREA_SCRIPTS = {
    "lists": ("held_rows", "selection", "sweeping"),
    "log": ("log",),
    "run": ("run",),
    "forms": ("forms",),
    "events": ("events",),
}
BUNDLES = (
    "",
    "overview",
    "lists",
    "forms",
    "run log forms",
    "lists run",
    "lists deployments",
    "lists deployments forms",
    "lists pools forms",
    "lists events artifacts",
)

_FOLDER = "joined"
_JOINED = re.compile(rf"/{_FOLDER}/page(?:-[a-z-]+)?\.[0-9a-f]{{12}}\.js$")
_styles: dict[str, Style] = {}
_scripts: dict[str, str] = {}


class UnknownBundle(Exception):
    """A template names areas of which no bundle is made."""


@dataclass(frozen=True, slots=True)
class Style:
    """`source` is by what a content policy allows this text and no other."""

    text: SafeString
    source: str


def style_of(areas: str) -> Style:
    """The style sheet of pages with these areas."""
    return _made(_styles, areas, _join_style)


def address_of_script(areas: str) -> str:
    """Where browsers find the script of pages with these areas."""
    return f"{settings.STATIC_URL}{_FOLDER}/{_made(_scripts, areas, _write_script)}"


def _made(known: dict[str, T], areas: str, make: Callable[[str], T]) -> T:
    """Once in each process.

    A dictionary and not a cache: to a cache the word of a template is another argument than the same word of a program.
    """
    if areas not in BUNDLES:
        raise UnknownBundle(f"{areas!r} is not in BUNDLES.")
    if areas not in known or settings.DEBUG:
        known[areas] = make(areas)
    return known[areas]


def sources(areas: str, ending: str) -> list[str]:
    """The files below `static` that are joined."""
    wanted = areas.split()
    if ending == "css":
        return [f"css/{name}.css" for name in (*STYLES, *(area for area in AREA_STYLES if area in wanted))]
    own = [name for area, names in AREA_SCRIPTS.items() if area in wanted for name in names]
    return [f"js/{FIRST_SCRIPT}.js", *VENDORED, *(f"js/{name}.js" for name in (*SCRIPTS, *own, *LAST_SCRIPTS))]


def joined(areas: str, ending: str) -> str:
    """The sources as one text, without comments and needless space."""
    folder = settings.BASE_DIR / "static"
    texts = [(folder / source).read_text() for source in sources(areas, ending)]
    if ending == "css":
        return rcssmin.cssmin("\n".join(texts))
    first, *others = texts
    return rjsmin.jsmin("\n".join([first, "begin(() => {", *others, "});"]))


def _join_style(areas: str) -> Style:
    text = joined(areas, "css")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Style(SafeString(text), f"'sha256-{digest}'")


def _write_script(areas: str) -> str:
    """The name of its file."""
    content = joined(areas, "js").encode()
    stem = "-".join(["page", *areas.split()])
    file = Path(settings.STATIC_ROOT, _FOLDER, f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.js")
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        _write(file.with_name(f"{file.name}.gz"), gzip.compress(content, 9, mtime=0))
        _write(file, content)
    return file.name


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, also when two processes begin at once."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(file)


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, which finds the scripts there because they were made before it looked. The styles are made with them,
    so that both are of the same version.
    """

    def __init__(self, get_response: object = None, settings: object = settings) -> None:
        for areas in BUNDLES:
            address_of_script(areas)
            style_of(areas)
        super().__init__(get_response, settings)

    def immutable_file_test(self, path: str, url: str) -> bool:
        return _JOINED.search(url) is not None
