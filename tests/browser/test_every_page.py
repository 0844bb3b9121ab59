"""Every page, with what real runs on a worker left: whole without scripts, light, legible, true while it is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from orchestrator.pages.assets import AREA_STYLES, STYLES
from tests.browser.conftest import AXE, RULES, Watched
from tests.e2e.system import System
from tests.showroom.furnish import SECRET, Showroom
from tests.showroom.pages import TROUBLE, addresses_of

LIVE_MS = 10_000
MOST_BYTES = 100_000  # of a page with its style and its script, as they travel to a browser that has nothing of it
MOST_REQUESTS = 3
NARROW = 320  # CSS pixels, the narrowest phone


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showroom]:
    system = System(tmp_path_factory.mktemp("showroom"), {"ORCHESTRATOR_LEASE_SECONDS": "30"})
    try:
        yield Showroom(system.start()).furnish()
    finally:
        system.stop()


@pytest.fixture(scope="module")
def addresses(room: Showroom) -> dict[str, str]:
    return addresses_of(room)


def opened(browser: Browser, room: Showroom, *, width: int = 1440, **options: Any) -> Page:
    viewport: Any = {"width": width, "height": 900}
    return browser.new_context(base_url=room.system.url, viewport=viewport, **options).new_page()


def test_reads_completely_without_scripts(browser: Browser, room: Showroom, addresses: dict[str, str]):
    """ALL-1, CFG-2: one heading, one main part, a way past the navigation, a title that names it, and no secret."""
    page = opened(browser, room, java_script_enabled=False)
    wrong = {}

    for name, address in {**addresses, **TROUBLE}.items():
        response = page.goto(address)
        found = {
            "status": response.status,
            "h1": page.locator("h1").count(),
            "main": page.locator("main").count(),
            "skip": page.locator("a.skip").count(),
            "title": bool(re.search(r"\S.* · Orchestrator$", page.title())),
            "secrets": SECRET in page.content(),
        }
        status = 404 if name in TROUBLE else 200
        expected = {"status": status, "h1": 1, "main": 1, "skip": 1, "title": True, "secrets": False}
        if found != expected:
            wrong[name] = found

    assert wrong == {}


def test_weighs_little_and_asks_nobody_else(browser: Browser, room: Showroom, addresses: dict[str, str]):
    """ALL-3, OV-5: at most three requests and 100 kB, nothing from another host, no complaint in the console."""
    wrong = {}

    for name, address in addresses.items():
        context = browser.new_context(base_url=room.system.url, viewport={"width": 1440, "height": 900})
        watched = Watched(context)
        sizes: dict[str, int] = {}
        watched.page.on("requestfinished", lambda request, sizes=sizes: sizes.update({request.url: size_of(request)}))
        watched.page.goto(address, wait_until="load")
        at_first = {url: size for url, size in sizes.items() if "fragment=" not in url and url.startswith("http")}
        foreign = [url for url in watched.requests if not url.startswith((room.system.url, "data:"))]
        if len(at_first) > MOST_REQUESTS or sum(at_first.values()) > MOST_BYTES or foreign or watched.complaints:
            wrong[name] = (at_first, foreign, watched.complaints)
        context.close()

    assert wrong == {}


def test_brings_the_style_of_everything_on_it(browser: Browser, room: Showroom, addresses: dict[str, str]):
    """What some style sheet of an area speaks of is on no page that does not bring that area."""
    folder = settings.BASE_DIR / "static" / "css"
    of_areas = {area: classes_of((folder / f"{area}.css").read_text()) for area in AREA_STYLES}
    common = classes_of("".join((folder / f"{name}.css").read_text() for name in STYLES))
    page = opened(browser, room, java_script_enabled=False)
    missing = {}

    for name, address in addresses.items():
        page.goto(address)
        text = page.content()
        areas = set(re.search(r"joined/page-?([a-z-]*)\.", text)[1].split("-"))
        brought = common.union(*(of_areas[area] for area in areas & set(AREA_STYLES)))
        used = {word for words in re.findall(r'class="([^"]*)"', text) for word in words.split()}
        unstyled = {area: used & classes - brought for area, classes in of_areas.items()}
        if any(unstyled.values()):
            missing[name] = {area: sorted(words) for area, words in unstyled.items() if words}

    assert missing == {}


def classes_of(style: str) -> set[str]:
    return set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"\{[^}]*\}", " ", style)))


def size_of(request: Any) -> int:
    sizes = request.sizes()
    return int(sizes["responseHeadersSize"] + sizes["responseBodySize"])


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", NARROW)])
def test_can_be_read_by_everybody(browser: Browser, room: Showroom, addresses: dict[str, str], scheme: Any, width: int):
    """ALL-2, MOB-2: axe finds nothing, in light and dark, on a screen and a phone; and no page scrolls sideways."""
    page = opened(browser, room, width=width, color_scheme=scheme)
    axe, found = AXE.read_text(), {}

    for name, address in {**addresses, **TROUBLE}.items():
        page.goto(address)
        page.evaluate(axe)
        result = page.evaluate("(tags) => axe.run({runOnly: tags})", RULES)
        found[name] = [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"][:3]
        ]
        wide = page.evaluate("document.documentElement.scrollWidth")
        found[name] += [f"{wide} pixels wide"] if wide > width else []

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "address", ["/runs/", "/deployments/deployment/{train-weekly}", "/work-pools/work-pool/default", "/events/"]
)
def test_shows_a_run_on_the_worker_as_it_goes(browser: Browser, room: Showroom, address: str):
    page = opened(browser, room)
    page.goto(address.format(**room.deployments))
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)

    run_id = room.start("train-weekly", folds=2, seconds=1.5)

    name = room.system.ask("GET", f"/flow_runs/{run_id}")["name"]
    expect(page.locator("main").get_by_text(name).first).to_be_visible(timeout=LIVE_MS)


def test_counts_a_run_on_the_worker_on_the_overview(browser: Browser, room: Showroom):
    page = opened(browser, room)
    page.goto("/")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    completed = page.locator(".counters a.tone-completed strong")
    before = completed.inner_text()

    room.start("hello")

    expect(completed).not_to_have_text(before, timeout=LIVE_MS)
