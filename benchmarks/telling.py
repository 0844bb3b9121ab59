"""The header, the table, and the raw data."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import LIMIT, Outcome
from benchmarks.row import Figure
from benchmarks.sides import ROOT, Side

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
    """As Markdown, a line for each figure. A cell is the median, with the least and the greatest of the rounds."""
    lines = [
        f"{head['date']}, {head['machine']}, load {head['load'][0]} at the beginning, {head['rounds']} rounds, A B A B",
        *(
            f"{side}: {', '.join(f'{name} {number}' for name, number in versions.items())}"
            for side, versions in head["versions"].items()
        ),
        "",
        "| row | on | figure | ours | Prefect | ratio | limit | goal | met |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in outcomes:
        lines += [_line(each, figure) for figure in each.row.figures]
    lines += [f"void: {each.row.name} on {each.database}: {each.void}" for each in outcomes if each.void is not None]
    return "\n".join(lines)


def keep(outcomes: list[Outcome], head: dict[str, Any], *, directory: Path = RESULTS) -> Path:
    """The raw data, in a file for each time that the benchmarks are run."""
    directory.mkdir(exist_ok=True)
    file = directory / f"{head['date'].replace(':', '').replace('+0000', 'Z')}.json"
    rows = [each.as_json() for each in outcomes]
    file.write_text(json.dumps({**head, "rows": rows}, indent=1, ensure_ascii=False) + "\n")
    return file


def _line(outcome: Outcome, figure: Figure) -> str:
    cells = [outcome.row.name, outcome.database, f"{figure.name}, {figure.unit}"]
    if outcome.void is not None:
        cells += ["void", "void", "–", "–"]
    else:
        ratio, limit = outcome.times_better(figure), outcome.median(LIMIT, figure)
        cells += [_cell(outcome, side, figure) for side in ("ours", "prefect")]
        cells += [f"{ratio:.1f}×" if ratio else "–", _number(limit) if limit is not None else "–"]
    met = outcome.met(figure)
    return f"| {' | '.join([*cells, _goal(figure), '–' if met is None else 'yes' if met else '**no**'])} |"


def _cell(outcome: Outcome, side: str, figure: Figure) -> str:
    values = outcome.values(side, figure)
    if not values:
        return "–"
    return f"{_number(statistics.median(values))} ({_number(min(values))}–{_number(max(values))})"


def _goal(figure: Figure) -> str:
    goals = []
    if figure.times is not None:
        goals.append(f"≥ {figure.times:g}×")
    if figure.bound is not None:
        goals.append(f"{'≤' if figure.better == 'less' else '≥'} {figure.bound:g} {figure.unit}")
    if figure.of_limit is not None:
        goals.append(f"≤ {figure.of_limit:g}× of the limit")
    return ", ".join(goals) or "–"


def _number(value: float) -> str:
    """Three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _versions(side: Side) -> dict[str, str]:
    program = (
        "import json, platform, sys; from importlib.metadata import version; "
        "print(json.dumps({'python': platform.python_version(), **{name: version(name) for name in sys.argv[1:]}}))"
    )
    found: dict[str, str] = json.loads(side.run("-c", program, *_PACKAGES[side.name]))
    if side.name == "ours":
        from orchestrator import __version__

        return {"orchestrator": __version__, **_commit(), **found}
    return found


def _commit() -> dict[str, str]:
    """Which one was measured, with a mark when the work tree holds something else. Nothing outside of a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if shutil.which("git") else None
    return {"commit": done.stdout.strip()} if done is not None and done.returncode == 0 else {}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1024**3:.0f} GiB"
