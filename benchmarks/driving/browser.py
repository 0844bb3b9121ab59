"""Chromium looks at a page: when it shows what it should, what it asked for, and what it complained of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.row import Incorrect
from benchmarks.sides import CannotMeasure

_OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
_MOST_MILLISECONDS = 60_000
# Where a visit begins. A browser that comes from another site takes another process for a page, whatever the page's
# headers say; from an empty tab it would do so for those alone that keep other windows out.
_ELSEWHERE = "data:text/html,<p>Elsewhere"
_AT_REST_MILLISECONDS = 1_000  # for each new tab Chromium also draws what is around it, on the same processors

# Looks at every frame until the document is read and all that is wanted is shown, and the task after that frame tells
# the time: it was painted, and the page's only thread is free for a click.
# It says so itself: to be asked again and again takes 30 ms, which is a third of the time of a page of one line.
_SHOWN = "Shown, says the benchmark."
_WATCH = """(() => {
    const wanted = %s
    const isHit = (one, box) => {
        const x = box.left + box.width / 2, y = box.top + box.height / 2
        return y > innerHeight || one.contains(document.elementFromPoint(x, y))
    }
    const isShown = one => {
        const box = one.getBoundingClientRect()
        return box.width > 0 && box.height > 0 && one.checkVisibility() && isHit(one, box)
    }
    const isThere = ({selector, text}) =>
        [...document.querySelectorAll(selector)].some(one => one.textContent.includes(text) && isShown(one))
    const hasCome = ({resource}) => !resource ||
        performance.getEntriesByType("resource").some(one => one.responseEnd && one.name.includes(resource))
    const isRead = () => performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd > 0
    const look = () => {
        if (!isRead() || !wanted.every(hasCome) || !wanted.every(isThere)) return requestAnimationFrame(look)
        const after = new MessageChannel()
        after.port1.onmessage = () => { window.benchShownAt = performance.now(); console.debug(%s) }
        after.port2.postMessage(null)
    }
    requestAnimationFrame(look)
})()"""
_TIMES = """() => {
    const {responseStart, responseEnd} = performance.getEntriesByType("navigation")[0]
    const begun = performance.getEntriesByName("scripts have begun")[0]?.startTime ?? null
    return [window.benchShownAt, responseStart, responseEnd, begun]
}"""


@dataclass(frozen=True)
class Wanted:
    """An element of this selector with this text, seen at its place with nothing over it.

    Where a page draws it as a picture, which has no text, `resource` is a part of the address that it is drawn from.
    """

    selector: str
    text: str = ""
    resource: str = ""


@dataclass
class Visit:
    """Milliseconds are since the navigation began. `requests` are those over HTTP, `sent` their answers' bytes, and
    `drawn` is how many elements were there in the end like the first that was wanted. `scripts` is when those had begun
    that only add to a page which can be used without them; None where a page does not tell, because they make it.

    A browser asks for a favicon by itself and does not tell, so that counts on no side; nor do websockets.
    """

    interactive: float = 0.0
    first_byte: float = 0.0
    last_byte: float = 0.0
    scripts: float | None = None
    sent: int = 0
    drawn: int = 0
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises CannotMeasure when it is not installed."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise CannotMeasure("Chromium is not installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        try:
            yield browser
        except PlaywrightError as error:
            raise Incorrect(f"Chromium: {error}") from None
        finally:
            browser.close()


@contextmanager
def stranger(browser: Browser, *, known: Path | None = None) -> Iterator[BrowserContext]:
    """A browser that has nothing of any page, but whom the server knows by what is kept in the file `known`."""
    context = browser.new_context(viewport=_VIEWPORT, storage_state=known)
    try:
        yield context
    finally:
        context.close()


def visit(context: BrowserContext, address: str, wanted: Sequence[Wanted], *, click: bool = False) -> Visit:
    """In a new tab that shows another site and has come to rest. With `click` the first that is wanted is clicked then,
    which must lead elsewhere.

    Raises Incorrect when the page does not show what is wanted, or the click leads nowhere.
    """
    page = context.new_page()
    page.goto(_ELSEWHERE)
    page.wait_for_timeout(_AT_REST_MILLISECONDS)
    seen = Visit()
    asked: list[Request] = []
    answered: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.on("requestfinished", lambda request: answered.append(request))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda message: _hear(message, seen))
    page.add_init_script(_WATCH % (json.dumps([asdict(each) for each in wanted]), json.dumps(_SHOWN)))
    try:
        with page.expect_console_message(lambda message: message.text == _SHOWN, timeout=_MOST_MILLISECONDS):
            page.goto(address, wait_until="commit")
    except PlaywrightTimeout:
        shown = " ".join(page.inner_text("body").split())[:500]
        raise Incorrect(f"{address} does not show {wanted}: {shown} {seen.complaints}") from None
    page.wait_for_load_state("networkidle")
    seen.interactive, seen.first_byte, seen.last_byte, seen.scripts = page.evaluate(_TIMES)
    seen.requests = [request.url for request in filter(_is_http, asked)]  # before a click asks for more
    seen.sent = sum(map(_size_of, filter(_is_http, answered)))
    seen.drawn = page.locator(wanted[0].selector).count()
    if click:
        _click(page, wanted[0])
    page.close()
    return seen


def _click(page: Page, wanted: Wanted) -> None:
    here = page.url
    page.locator(wanted.selector).filter(has_text=wanted.text).first.click()
    try:
        page.wait_for_url(lambda url: url != here, wait_until="commit")
    except PlaywrightTimeout:
        raise Incorrect(f"{here}: a click on {wanted.text!r} leads nowhere") from None


def _is_http(request: Request) -> bool:
    return request.url.startswith("http")


def _size_of(request: Request) -> int:
    sizes = request.sizes()
    return int(sizes["responseHeadersSize"] + sizes["responseBodySize"])


def _hear(message: ConsoleMessage, seen: Visit) -> None:
    if message.type == "error":
        seen.complaints.append(f"{message.text} {message.location['url']}")
