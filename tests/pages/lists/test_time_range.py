"""The stretch of time that lists show."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from orchestrator.pages.time_range import TimeRange

NOW = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)


def read(query: str, **options) -> TimeRange:
    return TimeRange.from_query(QueryDict(query), now=NOW, **options)


@pytest.mark.parametrize(
    ("query", "back", "words"),
    [
        ("", timedelta(days=1), "Last 24 hours"),
        ("range=15m", timedelta(minutes=15), "Last 15 minutes"),
        ("range=7d", timedelta(days=7), "Last 7 days"),
        ("range=1d", timedelta(days=1), "Last 1 day"),
        ("range=2w", timedelta(days=14), "Last 2 weeks"),
        ("range=1h&from=2026-01-01", timedelta(hours=1), "Last hour"),  # the choice wins over what was typed before
    ],
)
def test_counts_back_from_now(query, back, words):
    chosen = read(query)

    assert (chosen.since, chosen.until, chosen.words, chosen.warnings) == (NOW - back, None, words, ())


def test_reaches_over_all_time():
    chosen = read("range=all")

    assert (chosen.since, chosen.until, chosen.words, chosen.span) == (None, None, "Any time", None)


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        ("from=2026-11-20T10:00&to=2026-11-20T12:00", (20, 10), (20, 12)),
        ("from=2026-11-20T10:00&to=2026-11-20T12:00&tz=Europe/Berlin", (20, 9), (20, 11)),
        ("from=2026-11-20T10:00:00%2B02:00", (20, 8), None),
        ("from=2026-11-20T10:00:00+02:00", (20, 8), None),  # a plus sign that nobody escaped
        ("from=2026-11-19&to=2026-11-20", (19, 0), (21, 0)),  # whole days
        ("to=2026-11-20T10:00Z", None, (20, 10)),
    ],
)
def test_reads_moments_in_the_zone_that_the_address_names(query, since, until):
    chosen = read(query)

    assert chosen.since == (datetime(2026, 11, *since, tzinfo=UTC) if since else None)
    assert chosen.until == (datetime(2026, 11, *until, tzinfo=UTC) if until else None)
    assert chosen.key == ""


@pytest.mark.parametrize(
    "query",
    [
        "range=century",
        "range=0d",
        "range=99999d",
        "from=yesterday",
        "from=0001-01-01T00:00",
        "to=9999-12-31",
        "tz=Nowhere/Land",
        "tz=../../etc/passwd",
        "range=%F0%9F%A6%8A",
    ],
)
def test_warns_of_what_means_nothing_and_shows_the_usual(query):
    chosen = read(query, usual="7d")

    assert chosen.key == "7d"
    assert len(chosen.warnings) == 1


def test_exchanges_ends_that_stand_the_wrong_way_round():
    chosen = read("from=2026-11-20T12:00&to=2026-11-20T10:00")

    assert chosen.since < chosen.until
    assert chosen.warnings
    assert chosen.words == "20 Nov 10:00 – 12:00"


def test_steps_to_the_windows_before_and_after():
    request = RequestFactory().get("/runs/", {"range": "1h", "tag": "prod", "fragment": "runs", "before": "x"})

    before = read(request.META["QUERY_STRING"]).previous_url(request)

    assert before == "?tag=prod&from=2026-11-20T17:30Z&to=2026-11-20T18:30Z".replace("20T", "21T")
    earlier = RequestFactory().get(f"/runs/{before}")
    assert read(before[1:]).next_url(earlier) == "?tag=prod&from=2026-11-21T18:30Z&to=2026-11-21T19:30Z"
    assert read("from=2026-11-21T18:30Z&to=2026-11-21T19:30Z").next_url(earlier) is None
    assert read("range=all").previous_url(request) is None


@pytest.mark.parametrize("query", ["from=9998-12-30", "from=1971-01-01&to=9000-01-01", "from=2026-12-01"])
def test_steps_nowhere_outside_of_time(query):
    request = RequestFactory().get(f"/runs/?{query}")

    chosen = read(query)

    assert (chosen.previous_url(request), chosen.next_url(request)) == (None, None)


def test_is_typed_and_said_in_the_zone_of_the_reader():
    request = RequestFactory().get("/runs/")

    with timezone.override("Asia/Tokyo"):
        chosen = read("from=2026-11-20T10:00Z&to=2026-11-20T12:00Z")
        form = render_to_string("kit/time_range.html", {"time_range": chosen, "request": request})

    assert chosen.words == "20 Nov 19:00 – 21:00"
    assert 'name="from" aria-label="From" value="2026-11-20T19:00"' in form
    assert '<input type="hidden" name="tz" value="Asia/Tokyo">' in form
    assert '<option value="" selected>Between…</option>' in form
