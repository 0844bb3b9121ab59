"""A message as HTML."""

import pytest

from runs.pages.logs.markup import LONGEST, LONGEST_JSON, message_html
from runs.pages.logs.patterns import read_needle

TRACEBACK = """Encountered an exception:
Traceback (most recent call last):
  File "/srv/flows.py", line 9, in main
    load("x")
  File "/usr/lib/python3.11/site-packages/retrying.py", line 3, in call
    return it()
  File "/usr/lib/python3.11/site-packages/retrying.py", line 7, in again
    return it()
  File "/srv/flows.py", line 4, in load
    return rows["table"]
KeyError: 'table'"""


@pytest.mark.parametrize(
    ("message", "html"),
    [
        ("plain", "plain"),
        ("<b onclick='x'>&", "&lt;b onclick=&#x27;x&#x27;&gt;&amp;"),
        ("\x1b[31mred\x1b[0m on", '<em class="tone-failed">red</em> on'),
        (
            "\x1b[1;32mok\x1b[22m fine\x1b[39m.",
            '<em class="tone-completed bold">ok</em><em class="tone-completed"> fine</em>.',
        ),
        ("\x1b[38;5;4mblue\x1b[0m \x1b[38;2;1;2;3mthat\x1b[m", '<em class="tone-running">blue</em> that'),
        ("\x1b[2Kcleared", "cleared"),
        (f"\x1b[31m\x1b[{'9' * 5_000}mplain", "plain"),
        ("\x1b[31m<script>\x1b[0m", '<em class="tone-failed">&lt;script&gt;</em>'),
        (
            "see https://example.org/a?b=1&c=2.",
            'see <a href="https://example.org/a?b=1&amp;c=2" rel="noreferrer nofollow">https://example.org/a?b=1&amp;c=2</a>.',
        ),
        ("javascript://alert(1)", "javascript://alert(1)"),
    ],
)
def test_escapes_paints_and_links(message, html):
    """LOG-6: markup in a message is escaped."""
    assert message_html(message) == html


def test_marks_what_is_searched_for():
    assert message_html("A <needle>, a NEEDLE", read_needle("needle")) == (
        "A &lt;<mark>needle</mark>&gt;, a <mark>NEEDLE</mark>"
    )
    assert message_html("row 12 of 99", read_needle("/\\d+/")) == "row <mark>12</mark> of <mark>99</mark>"
    assert message_html("nothing", read_needle("/x*/")) == "nothing"


def test_folds_the_frames_of_libraries():
    html = message_html(TRACEBACK)

    assert "<summary>2 library frames</summary>" in html
    folded = html[html.index("<details>") : html.index("</details>")]
    assert "retrying.py" in folded
    assert "rows[" not in folded
    assert "return rows[&quot;table&quot;]" in html


def test_folds_long_json_into_one_line():
    html = message_html('{"rows": [' + ", ".join(["1"] * 100) + '], "name": "<b>"}')

    assert html.startswith("<details><summary>{&quot;rows&quot;: [1, 1,")
    assert "&lt;b&gt;" in html
    assert message_html('{"short": 1}') == "{&quot;short&quot;: 1}"
    assert "<details" not in message_html("{" + "x" * 200 + "}")


def test_unfolds_where_what_was_found_would_be_hidden():
    message = '{"first": 1, "rows": [' + ", ".join(["1"] * 100) + '], "last": 2}'

    in_sight = message_html(message, read_needle("first"))
    hidden = message_html(message, read_needle("last"))
    in_a_library = message_html(TRACEBACK, read_needle("retrying"))

    assert in_sight.startswith("<details><summary>{&quot;<mark>first</mark>&quot;")
    assert hidden.startswith("<details open><summary>")
    assert "<details open><summary>2 library frames</summary>" in in_a_library
    assert "<details><summary>" in message_html(TRACEBACK, read_needle("table"))


def test_lets_json_be_that_would_grow_a_thousand_times():
    nested = "[" * 900 + "]" * 900

    html = message_html(nested)

    assert html == nested
    assert len(message_html('{"rows": [' + ", ".join(["1"] * 3_000) + "]}")) < LONGEST_JSON + LONGEST


def test_lets_json_be_that_has_half_a_character():
    message = '{"half": "\\ud800", "rest": "' + "x" * 200 + '"}'

    assert "\\ud800" in message_html(message).encode().decode()


def test_marks_no_more_when_the_time_for_all_lines_is_over(monkeypatch):
    monkeypatch.setattr("runs.pages.logs.patterns.SECONDS_FOR_MARKS", 0.05)
    needle = read_needle("/^(a|aa)+$|b/")
    assert message_html("b", needle) == "<mark>b</mark>"

    for _ in range(3):
        message_html("a" * 5_000 + "!", needle)

    assert message_html("b", needle) == "b"
    assert message_html("b", read_needle("/b/")) == "<mark>b</mark>"


def test_leaves_out_the_middle_of_what_is_very_long():
    html = message_html("a" * LONGEST + "b" * 1_000)

    assert "1,000 characters are left out" in html
    assert len(html) < LONGEST + 200
