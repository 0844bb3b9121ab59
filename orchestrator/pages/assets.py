"""The one style sheet and the one script of a page, joined from small files when a server starts.

Each page then costs three requests, and carries what its areas need. The joined files lie under the static root with a
name that changes with what is in them, so browsers keep them for good; WhiteNoise serves them, compressed beforehand.
There is no build step: whoever changes a source starts the server again, or has ORCHESTRATOR_DEBUG on, with which each
page looks for itself.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from pathlib import Path

import rcssmin
import rjsmin
from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware

# In the order in which they are joined. The scripts share one scope: the names at their top are unique.
STYLES = ("tokens", "frame", "controls", "tables", "charts", "palette")
SCRIPTS = ("base", "copying", "clocks", "keys", "palette", "preferences")
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
_JOINED = re.compile(rf"/{_FOLDER}/page(?:-[a-z-]+)?\.[0-9a-f]{{12}}\.(?:css|js)$")
_made: dict[tuple[str, str], str] = {}


class UnknownBundle(Exception):
    """A template names areas of which no bundle is made."""


def address_of_asset(areas: str, ending: str) -> str:
    """Where browsers find the style sheet (`css`) or the script (`js`) of pages with these areas."""
    if areas not in BUNDLES:
        raise UnknownBundle(f"{areas!r} is not in BUNDLES.")
    file = _build(areas, ending) if settings.DEBUG else joined_file(areas, ending)
    return f"{settings.STATIC_URL}{_FOLDER}/{file}"


def joined_file(areas: str, ending: str) -> str:
    """The name of the joined file, which is made if it is not there. Once in each process.

    A dictionary and not a cache: to a cache the word of a template is another argument than the same word of a program.
    """
    if (areas, ending) not in _made:
        _made[areas, ending] = _build(areas, ending)
    return _made[areas, ending]


def sources(areas: str, ending: str) -> list[str]:
    """The files below `static` that are joined."""
    wanted = areas.split()
    if ending == "css":
        return [f"css/{name}.css" for name in (*STYLES, *(area for area in AREA_STYLES if area in wanted))]
    own = [name for area, names in AREA_SCRIPTS.items() if area in wanted for name in names]
    return [*VENDORED, *(f"js/{name}.js" for name in (*SCRIPTS, *own, *LAST_SCRIPTS))]


def joined(areas: str, ending: str) -> str:
    """The sources as one text, without comments and needless space."""
    folder = settings.BASE_DIR / "static"
    text = "\n".join((folder / source).read_text() for source in sources(areas, ending))
    return rcssmin.cssmin(text) if ending == "css" else rjsmin.jsmin(text)


def _build(areas: str, ending: str) -> str:
    content = joined(areas, ending).encode()
    stem = "-".join(["page", *areas.split()])
    file = Path(settings.STATIC_ROOT, _FOLDER, f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}")
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
    """WhiteNoise, which finds the joined files there because they were made before it looked."""

    def __init__(self, get_response: object = None, settings: object = settings) -> None:
        for areas in BUNDLES:
            for ending in ("css", "js"):
                joined_file(areas, ending)
        super().__init__(get_response, settings)

    def immutable_file_test(self, path: str, url: str) -> bool:
        return _JOINED.search(url) is not None
