"""Prefect's own web interface, as its package brings it, shown by Chromium beside a server's API.

The files are put under the server's own address by the browser that asks for them, so nothing is served that a user
would not have: the interface and the API have one origin, as on a server of Prefect's own.
"""

from __future__ import annotations

import mimetypes
import re
from base64 import b64decode
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Request, Response, Route
from playwright.sync_api import TimeoutError as PlaywrightTimeout

_BASE = b"/PREFECT_UI_SERVE_BASE_REPLACE_PLACEHOLDER"
_TEXTS = (".html", ".js", ".css", ".webmanifest")
_DOT = b64decode("R0lGODlhAQABAAAAACw=")
_OF_THE_SERVER = ("/api/", "/ui-settings")

# Both interfaces route by the browser's history; the second listens to changes of it, the first to steps in it.
_FOLLOW = """address => {
    history.pushState(history.state, "", address)
    dispatchEvent(new PopStateEvent("popstate", {state: history.state}))
}"""
_SHOWN = "texts => texts.every(text => document.body.innerText.includes(text))"
_LOOK_MILLISECONDS = 50
_QUIET_LOOKS = 5


@dataclass(frozen=True)
class Interface:
    """One of the two that the package has: the folder of its files, and the path below which it stands."""

    files: Path
    base: str  # "" or "/v2"

    def serve(self, context: BrowserContext) -> None:
        # Logos of blocks and the like are elsewhere in the world, which a test does not ask.
        context.route("**/*", lambda route: route.fulfill(body=_DOT, content_type="image/gif"))
        context.route(re.compile(r"^http://127\.0\.0\.1:\d+/"), lambda route: self._answer(route))

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith(_OF_THE_SERVER):
            route.continue_()
            return
        asked = self.files / path.removeprefix(self.base).lstrip("/")
        found = asked if asked.is_file() else self.files / "index.html"
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        route.fulfill(body=_content(found, self.base), content_type=kind)


@cache
def _content(path: Path, base: str) -> bytes:
    content = path.read_bytes()
    return content.replace(_BASE, base.encode()) if path.suffix in _TEXTS else content


@dataclass
class Watch:
    """A page, and everything that went wrong on it: refused requests, errors of scripts and of the console."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)  # method and path of every request to the API
    open_requests: int = 0

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._count(1))
        self.page.on("requestfinished", lambda request: self._count(-1))
        self.page.on("response", self._look_at)
        self.page.on("requestfailed", self._failed)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("console", lambda message: self._hear(message.type, message.text))

    def go(self, address: str, texts: list[str], *, milliseconds: int) -> None:
        """Go there as a click on a link would, until the page shows all texts and asks for nothing any more.

        What is not shown within `milliseconds` is complained of.
        """
        # A graph that is left while it is still being drawn complains of that, on a server of Prefect's own too.
        if self.page.url == "about:blank" or "/flow-run/" in self.page.url:
            self.page.goto(address, wait_until="domcontentloaded")
        else:
            self.page.evaluate(_FOLLOW, address)
        try:
            self._settle()
            self.page.wait_for_function(_SHOWN, arg=texts, timeout=milliseconds)
        except PlaywrightTimeout:
            shown = " ".join(self.page.inner_text("body").split())
            self.complaints.append(f"{address} does not show {texts}: {shown[:1500]}")
        self._settle()

    def _settle(self) -> None:
        quiet = 0
        while quiet < _QUIET_LOOKS:
            self.page.wait_for_timeout(_LOOK_MILLISECONDS)
            quiet = 0 if self.open_requests else quiet + 1

    def _count(self, change: int) -> None:
        self.open_requests += change

    def _look_at(self, response: Response) -> None:
        request = response.request
        path = urlsplit(response.url).path
        if path.startswith(_OF_THE_SERVER):
            self.asked.add(f"{request.method} {path}")
        if response.status >= 400:
            body = response.text()[:500] if path.startswith("/api/") else ""
            self.complaints.append(f"{request.method} {path} {request.post_data or ''} -> {response.status} {body}")

    def _failed(self, request: Request) -> None:
        self._count(-1)
        # A page that is left takes back what it asked for.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(f"console: {text[:800]}")
