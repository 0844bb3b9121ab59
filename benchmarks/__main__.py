"""`python -m benchmarks`: measures, prints the table, and keeps the raw data. Ends with 1 when a row is void."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from benchmarks.measuring import Outcome, measured
from benchmarks.rows import ROWS
from benchmarks.sides import CannotMeasure, ours, prefect, served
from benchmarks.telling import header, keep, table


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    wanted = [ROWS[name] for name in options.only or ROWS]
    try:
        sides = [ours(), prefect()]
        head = header(sides, rounds=options.rounds)
        outcomes: list[Outcome] = []
        with served(*sides) if any(row.needs_server for row in wanted) else nullcontext(sides) as running:
            for row in wanted:
                items = max(1, int(row.items * options.scale))
                outcomes.append(measured(row, running, rounds=options.rounds, items=items, say=_say))
    except CannotMeasure as error:
        print(error, file=sys.stderr)
        return 2
    print(table(outcomes, head))
    print(f"\nRaw data: {keep(outcomes, head)}")
    return 1 if any(each.void is not None for each in outcomes) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=_names, metavar="ROW,…", help=f"some rows only: {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=_count, default=5, help="how often each side has its turn (5)")
    parser.add_argument("--scale", type=_share, default=1.0, help="of each row's items, this share (1.0)")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in ROWS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"there is no row {', '.join(unknown) or text!r}; there are {', '.join(ROWS)}")
    return names


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


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
