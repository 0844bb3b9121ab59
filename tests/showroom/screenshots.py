"""Take the pictures of the documentation, of pages with real runs on them: `make screenshots`.

Each is a page, light and dark, on a screen of 1440 × 900 and on a phone of 390 × 844.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.system import System
from tests.showroom.furnish import Showroom

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
SIZES = {"": (1440, 900), "-phone": (390, 844)}
SCHEMES = {"": "light", "-dark": "dark"}
SETTLED_MS = 1_500  # for the first fragments, which come after the page


def pages_of(room: Showroom) -> dict[str, str]:
    """The pictures' names, each with the address of its page."""
    return {
        "overview": "/",
        "runs": "/runs/",
        "flow-run": f"/runs/flow-run/{room.runs['failed']}",
        "deployment": f"/deployments/deployment/{room.deployments['etl-eu']}",
        "custom-run": f"/deployments/deployment/{room.deployments['etl-eu']}/run",
        "work-pools": "/work-pools/",
        "events": "/events/",
        "artifact": "/artifacts/key/orders",
    }


def take(browser: Browser, url: str, pages: dict[str, str]) -> list[Path]:
    taken = []
    for scheme_suffix, scheme in SCHEMES.items():
        for size_suffix, (width, height) in SIZES.items():
            context = browser.new_context(
                base_url=url,
                color_scheme=scheme,
                viewport={"width": width, "height": height},
                timezone_id="Europe/Berlin",
            )
            page = context.new_page()
            for name, address in pages.items():
                page.goto(address)
                page.wait_for_timeout(SETTLED_MS)
                taken.append(FOLDER / f"{name}{size_suffix}{scheme_suffix}.png")
                page.screenshot(path=taken[-1])
            context.close()
    return taken


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shop-") as home:
        system = System(Path(home), {"ORCHESTRATOR_LEASE_SECONDS": "30"})
        try:
            room = Showroom(system.start()).furnish()
            subprocess.run([sys.executable, "-m", "tests.showroom.history"], env=system.environment, check=True)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                taken = take(browser, system.url, pages_of(room))
        finally:
            system.stop()
    smaller(taken)
    print(f"{len(taken)} pictures in {FOLDER.relative_to(Path.cwd())}")


def smaller(pictures: list[Path]) -> None:
    """Pictures with a palette are a third as large; where the program is not installed they stay as they are."""
    program = shutil.which("pngquant")
    if program:
        subprocess.run([program, "--force", "--ext", ".png", "--quality", "70-95", *map(str, pictures)], check=False)


if __name__ == "__main__":
    main()
