"""The header, the table, and the raw data."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import Outcome
from benchmarks.sides import Side

RESULTS = Path(__file__).with_name("results")
_PACKAGES = {"ours": ("django", "celery"), "prefect": ("prefect", "sqlalchemy", "fastapi")}


def header(sides: list[Side], *, rounds: int) -> dict[str, Any]:
    """When, where, and of which versions the figures are. `load` is the machine's before anything was measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        "system": platform.platform(),
        "load": [round(each, 2) for each in os.getloadavg()],
        "rounds": rounds,
        "versions": {side.name: _versions(side) for side in sides},
    }


def table(outcomes: list[Outcome], head: dict[str, Any]) -> str:
    """As Markdown. A cell is the median, with the least and the greatest of the rounds."""
    lines = [
        f"{head['date']}, {head['machine']}, load {head['load'][0]} at the beginning, {head['rounds']} rounds, A B A B",
        *(
            f"{side}: {', '.join(f'{name} {number}' for name, number in versions.items())}"
            for side, versions in head["versions"].items()
        ),
        "",
        "| row | work | ours | Prefect | ratio | goal |",
        "|---|---|---|---|---|---|",
    ]
    for each in outcomes:
        if each.void is not None:
            lines.append(f"| {each.name} | {each.about} | void | void | – | ≥ {each.goal:g}× |")
            continue
        ratio = f"{each.ratio:.1f}×" if each.ratio is not None else "–"
        cells = " | ".join(_cell(each, side) for side in ("ours", "prefect"))
        lines.append(f"| {each.name} | {each.items} × {each.about} | {cells} | {ratio} | ≥ {each.goal:g}× |")
    lines += [f"void: {each.name}: {each.void}" for each in outcomes if each.void is not None]
    return "\n".join(lines)


def keep(outcomes: list[Outcome], head: dict[str, Any], *, directory: Path = RESULTS) -> Path:
    """The raw data, in a file of its own."""
    directory.mkdir(exist_ok=True)
    rows = [each.as_json() for each in outcomes]
    name = f"{head['date'].replace(':', '').replace('+0000', 'Z')}-{'-'.join(each.name for each in outcomes)}.json"
    file = directory / name
    file.write_text(json.dumps({**head, "rows": rows}, indent=1, ensure_ascii=False) + "\n")
    return file


def _cell(outcome: Outcome, side: str) -> str:
    samples = outcome.samples[side]
    return f"{outcome.median(side):.2f} ({min(samples):.2f}–{max(samples):.2f}) {outcome.unit}"


def _versions(side: Side) -> dict[str, str]:
    program = (
        "import json, platform, sys; from importlib.metadata import version; "
        "print(json.dumps({'python': platform.python_version(), **{name: version(name) for name in sys.argv[1:]}}))"
    )
    found: dict[str, str] = json.loads(side.run("-c", program, *_PACKAGES[side.name]))
    if side.name == "ours":
        from orchestrator import __version__

        return {"orchestrator": __version__, **found}
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1024**3:.0f} GiB"
