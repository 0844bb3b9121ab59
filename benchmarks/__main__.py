"""`python -m benchmarks`: measures, prints the table, and keeps the raw data. Ends with 1 when a row is void."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from benchmarks.databases import DATABASES
from benchmarks.measuring import Outcome, measured
from benchmarks.rows import ROWS
from benchmarks.sides import CannotMeasure, ours, prefect
from benchmarks.telling import header, keep, table


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        sides = [ours(), prefect()]
        head = header(sides, rounds=options.rounds)
    except CannotMeasure as error:
        print(error, file=sys.stderr)
        return 2
    outcomes: list[Outcome] = []
    for row in (ROWS[name] for name in options.only or ROWS):
        items = max(1, int(row.items * options.scale))
        for name in row.databases:
            if name in (options.databases or DATABASES):
                outcomes.append(measured(row, sides, on=name, rounds=options.rounds, items=items, say=_say))
                keep(outcomes, head)  # after each, as an hour of work is not to be lost
    print(table(outcomes, head))
    print(f"\nRaw data: {keep(outcomes, head)}")
    return 1 if any(each.void is not None for each in outcomes) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names("row", ROWS), metavar="ROW,…", help=f"some rows only: {', '.join(ROWS)}")
    parser.add_argument(
        "--databases",
        type=_names("database", DATABASES),
        metavar="NAME,…",
        help=f"the rows of some databases only: {', '.join(DATABASES)}",
    )
    parser.add_argument("--rounds", type=_count, default=5, help="how often each side has its turn (5)")
    parser.add_argument("--scale", type=_share, default=1.0, help="of each row's items, this share (1.0)")
    return parser.parse_args(arguments)


def _names(kind: str, known: object) -> Callable[[str], list[str]]:
    by_lower = {name.lower(): name for name in known}  # type: ignore[attr-defined]

    def read(text: str) -> list[str]:
        names = [name.strip().lower() for name in text.split(",") if name.strip()]
        unknown = [name for name in names if name not in by_lower]
        if unknown or not names:
            raise argparse.ArgumentTypeError(
                f"there is no {kind} {', '.join(unknown) or repr(text)}; there are {', '.join(by_lower.values())}"
            )
        return [by_lower[name] for name in names]

    return read


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 is needed")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0
    if not 0 < share <= 100:
        raise argparse.ArgumentTypeError("a number above 0 is needed")
    return share


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)  # whoever stops it stops its servers, too
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
