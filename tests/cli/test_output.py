"""What commands print."""

import json

import pytest

from orchestrator.cli import output
from orchestrator.cli.output import Column, show_list, show_one

NAME = Column("Name", lambda row: row["name"], style=lambda row: "green")
TEXT = Column("Text", lambda row: row.get("text"))
ID = Column("Id", lambda row: row.get("id"), whole=True)


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of so many columns, without colours."""

    def of(columns, **environment):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        for name, value in {"COLUMNS": str(columns), "NO_COLOR": "1", **environment}.items():
            monkeypatch.setenv(name, value)

    return of


def show(rows, *columns):
    show_list(rows, columns, output="table", nothing="none")


def test_cuts_and_colours_nothing_that_goes_into_a_file(capsys):
    show([{"name": "n" * 300, "id": "x"}], NAME, ID)

    assert capsys.readouterr().out.splitlines()[1] == f"{'n' * 300}  x"


def test_keeps_json_apart_from_messages(capsys):
    show_list([], [NAME], output="json", nothing="none")
    show_list([], [NAME], output="table", nothing="none")

    told = capsys.readouterr()
    assert json.loads(told.out) == []
    assert told.err == "none\n"


def test_wraps_long_text_at_words_on_a_terminal(capsys, terminal):
    terminal(40)

    show([{"name": "one", "text": "some words that do not fit beside the rest"}], NAME, TEXT)

    assert capsys.readouterr().out.splitlines() == [
        "Name  Text",
        "one   some words that do not fit beside",
        "      the rest",
    ]


def test_puts_what_does_not_fit_below_its_row_and_whole(capsys, terminal):
    terminal(30)

    show([{"name": "one", "text": "short", "id": "0" * 36}], NAME, TEXT, ID)

    assert capsys.readouterr().out.splitlines() == ["Name  Text", "one   short", f"  Id {'0' * 36}"]


def test_measures_wide_letters(capsys, terminal):
    terminal(60)

    show([{"name": "日本", "text": "a"}, {"name": "ab", "text": "b"}], NAME, TEXT)

    assert capsys.readouterr().out.splitlines() == ["Name  Text", "日本  a", "ab    b"]


def test_colours_a_terminal_unless_told_otherwise(capsys, terminal):
    terminal(60, NO_COLOR="")
    show([{"name": "one"}], NAME)
    assert "\x1b[32mone" in capsys.readouterr().out

    terminal(60)
    show([{"name": "one"}], NAME)
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("rows", [[{"name": "\x1b[2Jred\r\nrow"}]])
def test_shows_no_control_characters_of_what_others_wrote(capsys, rows):
    show(rows, NAME)

    assert capsys.readouterr().out == "Name\n\N{REPLACEMENT CHARACTER}[2Jred\N{REPLACEMENT CHARACTER} row\n"


def test_leaves_out_lines_without_a_value_and_indents_the_next_ones(capsys):
    show_one({}, [("Name", "one"), ("Nothing", None), ("Parameters", {"a": 1})], output="table")

    assert capsys.readouterr().out == 'Name        one\nParameters  {\n              "a": 1\n            }\n'


def test_every_colour_is_one_that_terminals_have():
    for colour in output._STATE_COLOURS.values():
        assert "\x1b" in output.click.style("x", fg=colour)
