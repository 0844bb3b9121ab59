"""Every page, with what real runs on a worker left: whole without scripts, light, legible, true while it is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from orchestrator.pages.assets import AREA_STYLES, STYLES
from tests.browser.conftest import AXE, CHROMIUM, CHROMIUM_OPTIONS, RULES, WATCH_SHIFTS, Watched
from tests.e2e.system import System
from tests.showroom.furnish import SECRET, Showroom
from tests.showroom.pages import TROUBLE, addresses_of

LIVE_MS = 10_000
# Of a page with its style and its script, for a browser that has nothing of it.
MOST_REQUESTS = 3
ROWS = 25
MOST_SENT = 30_000  # bytes as they travel
MOST_UNPACKED = 100_000
WITH_A_LOG = (35_000, 160_000)  # the same, of a page with up to 500 lines of a log on it
MOST_NODES = 2_500
MOST_SHIFT = 0.02  # of the layout, while a page loads
IDLE_BYTES = 2_000  # a minute
OF_COLOURS = ["color-contrast", "link-in-text-block"]
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


@dataclass
class Visit:
    """What a browser that had never been there met at one address. `faults` by the look of the page."""

    sent: dict[str, int]  # bytes on the wire, by address
    unpacked: int
    others: list[str]
    complaints: list[str]
    has_log: bool
    nodes: int
    shift: float
    faults: dict[str, list[str]]

    def too_much(self) -> list[str]:
        most_sent, most_unpacked = WITH_A_LOG if self.has_log else (MOST_SENT, MOST_UNPACKED)
        measures = (
            ("sent", sum(self.sent.values()), most_sent),
            ("unpacked", self.unpacked, most_unpacked),
            ("nodes", self.nodes, MOST_NODES),
        )
        return [f"{measured:,} {what}" for what, measured, most in measures if measured > most]


@pytest.fixture(scope="module")
def visits(room: Showroom, addresses: dict[str, str]) -> dict[str, Visit]:
    """Each page is opened once; what is asked of it is asked on the spot, in light and dark, wide and narrow."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        few = {name: f"{addresses[name]}?size={ROWS}" for name in ("runs", "task runs", "events")}
        found = {name: visit(browser, room, address) for name, address in {**addresses, **few, **TROUBLE}.items()}
        browser.close()
    return found


def visit(browser: Browser, room: Showroom, address: str) -> Visit:
    context = browser.new_context(
        base_url=room.system.url,
        viewport={"width": 1440, "height": 900},
        reduced_motion="reduce",  # so that dark is dark at once
    )
    context.add_init_script(WATCH_SHIFTS)
    watched = Watched(context)
    page, answers = watched.page, []
    page.on("requestfinished", lambda request: answers.append(request))
    page.goto(address, wait_until="load")
    at_first = [one for one in answers if "fragment=" not in one.url and one.url.startswith("http")]
    visited = Visit(
        sent={one.url: size_of(one) for one in at_first},
        unpacked=sum(len(one.response().body()) for one in at_first),
        others=[url for url in watched.requests if not url.startswith((room.system.url, "data:"))],
        complaints=[] if address in TROUBLE.values() else list(watched.complaints),  # it says 404
        has_log=page.locator("#log").count() == 1,
        nodes=page.evaluate("document.getElementsByTagName('*').length"),
        shift=0.0,
        faults={},
    )
    page.evaluate(AXE.read_text())
    visited.faults["light"] = faults_of(page, RULES)
    page.emulate_media(color_scheme="dark")
    visited.faults["dark"] = faults_of(page, OF_COLOURS)
    visited.shift = page.evaluate("window.shifted")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": NARROW, "height": 900})
    wide = page.evaluate("document.documentElement.scrollWidth")
    visited.faults["narrow"] = faults_of(page, RULES, colours=False) + (
        [f"{wide} pixels wide"] if wide > NARROW else []
    )
    context.close()
    return visited


def faults_of(page: Page, rules: list[str], *, colours: bool = True) -> list[str]:
    """`colours` are what takes longest, and are the same on a narrow page as on a wide one."""
    options = {
        "runOnly": rules,
        "resultTypes": ["violations"],
        "rules": {} if colours else {name: {"enabled": False} for name in OF_COLOURS},
    }
    result = page.evaluate("(options) => axe.run(options)", options)
    return [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"][:3]
    ]


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


def test_asks_nobody_else(visits: dict[str, Visit]):
    """ALL-3, OV-5: at most three requests, nothing from another host, no complaint in the console."""
    wrong = {
        name: (list(seen.sent), seen.others, seen.complaints)
        for name, seen in visits.items()
        if len(seen.sent) > MOST_REQUESTS or seen.others or seen.complaints
    }

    assert wrong == {}


def test_weighs_little(visits: dict[str, Visit]):
    """Budgets of a browser that has nothing yet: bytes on the wire and when unpacked, and elements of the page."""
    assert {name: seen.too_much() for name, seen in visits.items() if seen.too_much()} == {}


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


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_can_be_read_by_everybody(visits: dict[str, Visit], look: str):
    """ALL-2, MOB-2: axe finds nothing, in light and dark, on a screen and a phone; and no page scrolls sideways."""
    assert {name: seen.faults[look] for name, seen in visits.items() if seen.faults[look]} == {}


def test_stays_where_it_is(visits: dict[str, Visit]):
    """ALL-6: what is there does not move aside for what comes later."""
    assert {name: seen.shift for name, seen in visits.items() if seen.shift > MOST_SHIFT} == {}


@pytest.mark.parametrize("name", ["overview", "runs", "completed run", "work pools", "work pool", "events"])
def test_is_silent_while_nothing_happens(browser: Browser, room: Showroom, addresses: dict[str, str], name: str):
    """LIVE-1: an idle page costs at most 2 kB a minute: what it asks for by the clock is answered without a body."""
    page = opened(browser, room)
    page.clock.install()
    page.goto(addresses[name])
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    received: list[int] = []
    network.on("Network.responseReceivedExtraInfo", lambda it: received.append(len(it.get("headersText", ""))))
    network.on("Network.dataReceived", lambda it: received.append(it["encodedDataLength"]))
    network.on("Network.webSocketFrameReceived", lambda it: received.append(len(it["response"]["payloadData"])))

    pass_time(page, seconds=60)  # after which the page knows what it has
    received.clear()
    pass_time(page, seconds=60)

    assert sum(received) <= IDLE_BYTES


def pass_time(page: Page, *, seconds: int) -> None:
    """For the page; here it takes a moment."""
    for _ in range(seconds // 5):
        page.clock.run_for(5_000)
        page.wait_for_load_state("networkidle")


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
