"""Extract, transform, load, each a flow of its own: one run with three runs below it."""

import csv
import io
import json
import tempfile
from pathlib import Path

from orchestrator import flow, task

STATIONS = {
    "north": "day,degrees\n2026-01-01,-3.5\n2026-01-02,\n2026-01-03,1.25\n",
    "south": "day,degrees\n2026-01-01,8\n2026-01-02,9.5\n",
}


@task(retries=2, retry_delay_seconds=0.1)
def download(station: str) -> str:
    return STATIONS[station]


@task
def parse(station: str, text: str) -> list[dict]:
    return [{"station": station, **row} for row in csv.DictReader(io.StringIO(text))]


@task
def clean(rows: list[dict]) -> list[dict]:
    """Days without a measurement are left out."""
    return [{**row, "degrees": float(row["degrees"])} for row in rows if row["degrees"]]


@task
def mean_by_station(rows: list[dict]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["station"], []).append(row["degrees"])
    return {station: sum(values) / len(values) for station, values in found.items()}


@task
def write(means: dict[str, float], file: Path) -> Path:
    file.write_text(json.dumps(means, indent=2))
    return file


@flow
def extract(stations: list[str]) -> list[dict]:
    """The stations are asked side by side."""
    texts = download.map(stations)
    tables = parse.map(stations, texts)
    return [row for table in tables for row in table.result()]


@flow
def transform(rows: list[dict]) -> dict[str, float]:
    return mean_by_station(clean(rows))


@flow
def load(means: dict[str, float], directory: Path) -> Path:
    return write(means, directory / "means.json")


@flow(name="weather etl", log_prints=True)
def etl(stations: tuple[str, ...] = tuple(STATIONS), directory: Path | None = None) -> Path:
    """`directory` None is the one for files that nobody needs for long."""
    rows = extract(list(stations))
    means = transform(rows)
    file = load(means, directory or Path(tempfile.gettempdir()))
    print(f"{len(rows)} rows became {len(means)} means in {file}")
    return file


if __name__ == "__main__":
    etl()
