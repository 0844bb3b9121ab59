"""What commands print: tables for people, JSON for programs. Messages go to standard error, so JSON stays pure."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from orchestrator.cli.exits import USAGE, Ended

C = TypeVar("C", bound=Callable[..., Any])

GAP = "  "
LEAST_WRAPPED = 24  # columns of a terminal below which wrapped text cannot be read

_STATE_COLOURS = {
    "COMPLETED": "green",
    "RUNNING": "blue",
    "FAILED": "red",
    "CRASHED": "bright_red",
    "CANCELLED": "bright_black",
    "CANCELLING": "bright_black",
    "PAUSED": "magenta",
    "PENDING": "yellow",
    "SCHEDULED": "yellow",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    A `whole` value is never wrapped: it is there to be copied. An `optional` column is left out while it is empty.
    """

    title: str
    value: Callable[[dict[str, Any]], object]
    whole: bool = False
    optional: bool = False
    style: Callable[[dict[str, Any]], str | None] | None = None


def output_option(command: C) -> C:
    """`--output table|json`."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="A table for people, or JSON for programs.",
    )(command)


def yes_option(command: C) -> C:
    """`--yes`, for commands that `confirm`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if somebody agrees. Where nobody can be asked, --yes is needed."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Ended(f"{question} There is nobody to ask here: add --yes.", code=USAGE)
    click.confirm(question, abort=True, err=True)


def show_list(
    rows: Sequence[dict[str, Any]], columns: Sequence[Column], *, output: str, nothing: str, note: str | None = None
) -> None:
    """The rows as a table or as a JSON list. `nothing` is said where there are none, `note` below a table."""
    if output == "json":
        show_json(list(rows))
        return
    if not rows:
        hint(nothing)
        return
    told = [column for column in columns if not column.optional or any(cell(column.value(row)) for row in rows)]
    if sys.stdout.isatty():
        _fitting_table(rows, told)
    else:
        _plain_table(rows, told)
    if note:
        hint(note)


def show_one(record: dict[str, Any], lines: Iterable[tuple[str, object]], *, output: str) -> None:
    """One thing: its lines as `title  value`, those without a value left out; or all of it as JSON."""
    if output == "json":
        show_json(record)
        return
    told = [(title, cell(value, keep_lines=True)) for title, value in lines]
    told = [(title, text) for title, text in told if text]
    width = max((len(title) for title, _ in told), default=0)
    bold = sys.stdout.isatty()
    for title, text in told:
        first, *others = text.split("\n")
        label = click.style(title.ljust(width), bold=True) if bold else title.ljust(width)
        click.echo(f"{label}  {first}")
        for line in others:
            click.echo(f"{' ' * width}  {line}")


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def hint(text: str) -> None:
    """Something for people only: on standard error, where it disturbs no program."""
    click.echo(text, err=True)


def cell(value: object, *, keep_lines: bool = False) -> str:
    """Any value as text. Control characters, which could command the terminal, are shown as a sign."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        text = ", ".join(value)
    elif isinstance(value, (dict, list, tuple)):
        text = json.dumps(value, ensure_ascii=False, indent=2 if keep_lines else None)
    else:
        text = str(value)
    if not keep_lines:
        text = " ".join(text.split("\n"))
    return plain(text)


def plain(text: str) -> str:
    """Text that cannot command the terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)


def state_style(key: str = "state_type") -> Callable[[dict[str, Any]], str | None]:
    """The colour of a row's state."""
    return lambda row: _STATE_COLOURS.get(str(row.get(key)))


def _plain_table(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> None:
    """Nothing is cut and nothing is coloured: it is read by a file or by another program."""
    lines = [[column.title for column in columns], *([cell(column.value(row)) for column in columns] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _fitting_table(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> None:
    """For a terminal: what does not fit beside the rest is wrapped at words, or stands below its row."""
    from shutil import get_terminal_size

    room = get_terminal_size().columns
    texts = [[cell(column.value(row)) for column in columns] for row in rows]
    widths = [
        max(_width(column.title), *(_width(line[place]) for line in texts)) for place, column in enumerate(columns)
    ]
    beside = list(range(len(columns)))
    while len(beside) > 1 and not _squeeze(widths, beside, columns, room):
        beside.pop()
    below = list(range(len(beside), len(columns)))
    click.echo(_line([columns[place].title for place in beside], widths, bold=True))
    for row, line in zip(rows, texts, strict=True):
        colours = [column.style(row) if column.style else None for column in columns]
        parts = [_wrapped(line[place], widths[place]) for place in beside]
        for number in range(max(map(len, parts))):
            shown = [part[number] if number < len(part) else "" for part in parts]
            click.echo(_line(shown, widths, colours=colours))
        told = [f"{columns[place].title} {line[place]}" for place in below if line[place]]
        if told:
            click.echo(_styled(f"  {' · '.join(told)}", "bright_black"))


def _squeeze(widths: list[int], beside: list[int], columns: Sequence[Column], room: int) -> bool:
    """Whether these columns fit, where the widest may be wrapped if enough is left of it."""
    spare = room - sum(widths[place] for place in beside) - len(GAP) * (len(beside) - 1)
    if spare >= 0:
        return True
    widest = max(beside, key=lambda place: 0 if columns[place].whole else widths[place])
    if columns[widest].whole or widths[widest] + spare < LEAST_WRAPPED:
        return False
    widths[widest] += spare
    return True


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return [text] if _width(text) <= width else wrap(text, width) or [""]


def _line(
    texts: Sequence[str], widths: Sequence[int], *, bold: bool = False, colours: Sequence[str | None] | None = None
) -> str:
    padded = [text + " " * (width - _width(text)) for text, width in zip(texts, widths, strict=False)]
    padded[-1] = texts[-1]
    styled = [_styled(text, colours[place] if colours else None, bold=bold) for place, text in enumerate(padded)]
    return GAP.join(styled)


def _styled(text: str, colour: str | None, *, bold: bool = False) -> str:
    if os.environ.get("NO_COLOR") or not (colour or bold) or not text.strip():
        return text
    return click.style(text, fg=colour, bold=bold or None)


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    from rich.cells import cell_len

    return cell_len(text)
