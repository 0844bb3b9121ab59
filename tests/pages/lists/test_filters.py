"""The filter of a list: the address, the line, the chips and the form say the same."""

from __future__ import annotations

import pytest
from django.db.models import Q
from django.http import QueryDict

from orchestrator.contract.times import now
from orchestrator.pages.filters.selection import Selection, canonical, read_selection
from orchestrator.pages.filters.terms import Term, Unreadable, length_of_time, text_matches
from orchestrator.pages.filters.writing import Value, read_line, read_values, write_for_address, write_for_line

TERMS = (
    Term("state", "State", lambda asked: Q(state=asked.text), choices=("failed", "late")),
    Term("tag", "Tag", lambda asked: Q(tag=asked.text), together=True),
    Term("flow", "Flow", lambda asked: Q(flow=asked.text)),
    Term("param.", "Parameter", lambda asked: Q(**{asked.key: asked.text})),
)
WORDS = Term("q", "Name", lambda asked: Q(name=asked.text), together=True)


def read(query: str) -> Selection:
    return read_selection(QueryDict(query), "/list/", TERMS, WORDS, now=now())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("state:failed,crashed", [("state", Value("failed")), ("state", Value("crashed"))]),
        ("-tag:test", [("tag", Value("test", excluded=True))]),
        ("tag:!test", [("tag", Value("test", excluded=True))]),
        ("-tag:!test", [("tag", Value("test"))]),  # two times out is in
        ("error:\"KeyError: 'x', y\"", [("error", Value("KeyError: 'x', y"))]),
        ("icy dove", [("", Value("icy")), ("", Value("dove"))]),
        ('"icy dove"', [("", Value("icy dove"))]),
        ('"not:a term"', [("", Value("not:a term"))]),
        ("12:30", [("", Value("12:30"))]),  # a term begins with a letter
        ("param.Region:eu", [("param.Region", Value("eu"))]),
        ("dur:>5m", [("dur", Value(">5m"))]),
        ("state: tag:x", [("tag", Value("x"))]),
        ('flow:"open', [("flow", Value("open"))]),  # somebody still types
        ('flow:"a\\"b"', [("flow", Value('a"b'))]),
        ("   ", []),
    ],
)
def test_reads_a_line(line, expected):
    assert list(read_line(line)) == expected


@pytest.mark.parametrize(
    "value",
    [
        Value(text, out)
        for out in (True, False)
        for text in ("a", "a b", "a,b", 'say "x"', "!a", "-a", "a\\b", "b\\", "x:y", " a")
    ],
)
def test_reads_back_what_it_writes(value):
    assert read_values(write_for_address(value)) == [value]
    assert list(read_line(write_for_line("tag", value))) == [("tag", value)]
    if not value.excluded:
        assert list(read_line(write_for_line("", Value(value.text)))) == [("", value)]


@pytest.mark.parametrize(
    ("query", "plain"),
    [
        ("q=state:failed,late+-tag:test+icy", "state=failed&state=late&tag=!test&q=icy"),
        ("state=failed,late", "state=failed&state=late"),
        ("state=&flow=&tag=prod&q=", "tag=prod"),
        ("range=7d&from=2026-01-01T00:00&to=&tz=Asia/Tokyo", "range=7d"),
        ("range=&from=2026-01-01T00:00&to=", "from=2026-01-01T00:00"),
        ("q=state:failed&state=failed", "state=failed"),
        ("q=unknown:x", "unknown=x"),
        ("state=failed&tag=prod&q=icy", None),
        ("", None),
    ],
)
def test_has_one_plain_address(query, plain):
    found = canonical(QueryDict(query), TERMS)

    assert (found and found.urlencode(safe="!:,/")) == plain


def test_joins_values_of_a_term_by_or_and_tags_by_and():
    wanted = read("state=failed&state=late&tag=prod&tag=eu&tag=!test&q=icy")

    state = Q(state="failed") | Q(state="late")
    tags = Q(tag="prod") & Q(tag="eu") & ~Q(tag="test")
    assert wanted.q == state & tags & Q(name="icy")
    assert wanted.without("state") == tags & Q(name="icy")
    assert wanted.asked("tag") == ("prod", "eu")
    assert wanted.line == "state:failed state:late tag:prod tag:eu -tag:test icy"


def test_makes_a_chip_of_each_value_that_takes_it_away():
    wanted = read("state=failed&state=late&tag=!test&older=x&size=25")

    chips = {chip.words: chip.url for chip in wanted.chips}

    assert chips == {
        "state: failed": "?state=late&tag=!test&size=25",
        "state: late": "?state=failed&tag=!test&size=25",
        "not tag: test": "?state=failed&state=late&size=25",
    }
    assert wanted.url_of_all == "?size=25"
    assert read("state=failed").chips[0].url == "/list/"


def test_warns_of_what_nobody_understands_instead_of_failing():
    wanted = read("colour=red&q=shape:round&state=late&sort=-x&range=7d")

    assert [warning.split(" ")[3] for warning in wanted.warnings] == ["“colour”", "“shape”"]
    assert wanted.q == Q(state="late")


def test_warns_of_a_value_that_its_term_does_not_take():
    def refuse(asked):
        raise Unreadable("a number")

    wanted = read_selection(QueryDict("tries=many"), "/", [Term("tries", "Tries", refuse)], WORDS, now=now())

    assert wanted.warnings == ("“tries:many” was left out: tries takes a number.",)
    assert not wanted.is_narrowed


def test_adds_a_value_without_losing_the_others():
    wanted = read("flow=a&older=x")

    assert wanted.url_with("tag", "prod") == "?flow=a&tag=prod"
    assert wanted.url_with("flow", "b") == "?flow=a&flow=b"
    assert wanted.url_with("flow", "b", alone=True) == "?flow=b"
    assert wanted.url_with("tag", "a&b,c") == "?flow=a&tag=%22a%26b,c%22"


def test_fills_the_plain_form():
    fields = {field.name: field.text for field in read("flow=a&flow=!b&state=late&param.x=1").fields()}

    assert fields == {"state": "late", "tag": "", "flow": "a,!b"}


def test_passes_keys_to_terms_that_take_them():
    assert read("param.region=eu").q == Q(region="eu")


def test_leaves_out_values_that_are_too_long():
    wanted = read(f"tag=prod&flow={'x' * 1001}")

    assert list(wanted.values) == ["tag"]
    assert "at most 1,000 characters" in wanted.warnings[0]


def test_takes_a_bounded_number_of_pieces_between_stars():
    assert text_matches("name", "*".join("abcdefghij"))

    with pytest.raises(Unreadable):
        text_matches("name", "*".join("abcdefghijk"))


def test_looks_at_a_bounded_number_of_values():
    wanted = read("&".join(f"tag=t{number}" for number in range(500)))

    assert len(wanted.values["tag"]) == 30
    assert len(wanted.warnings) == 1


@pytest.mark.parametrize(
    ("text", "longer", "seconds"),
    [(">5m", True, 300), ("<1.5h", False, 5400), ("90", True, 90), (">= 2 d", True, 172800), ("500ms", True, 0.5)],
)
def test_reads_lengths_of_time(text, longer, seconds):
    found_longer, length = length_of_time(text)

    assert (found_longer, length.total_seconds()) == (longer, seconds)


@pytest.mark.parametrize("text", ["", "soon", ">5 parsecs", "9999999w", "5m5m"])
def test_refuses_lengths_that_are_none(text):
    with pytest.raises(Unreadable):
        length_of_time(text)
