from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from orchestrator.events.models import Event
from tests.events.making import wire_event

pytestmark = pytest.mark.django_db


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/{path}", body, content_type="application/json")


def test_stores_reported_events(client: Client) -> None:
    response = post(client, "events", [wire_event("a"), wire_event("b")])

    assert (response.status_code, response.content) == (204, b"")
    assert Event.objects.count() == 2


def test_stores_nothing_when_one_event_is_bad(client: Client) -> None:
    response = post(client, "events", [wire_event("a"), wire_event(event=7)])

    assert response.status_code == 422
    assert response.json()["exception_message"] == "Invalid request received."
    assert response.json()["exception_detail"][0]["loc"] == ["body", 1, "event"]
    assert Event.objects.count() == 0


@pytest.mark.parametrize("body", ["{", {}, "7"])
def test_refuses_what_is_not_a_list_of_events(client: Client, body: Any) -> None:
    response = post(client, "events", body)

    assert response.status_code == 422
    assert response.json()["exception_detail"]


def test_accepts_an_empty_list(client: Client) -> None:
    assert post(client, "events", []).status_code == 204


def test_pages_through_all_events_once(client: Client) -> None:
    post(client, "events", [wire_event(f"n.{number}") for number in range(7)])

    page = post(client, "events/filter", {"limit": 3}).json()
    names = [event["event"] for event in page["events"]]
    totals = {page["total"]}
    while page["next_page"]:
        assert page["next_page"].startswith("http://testserver/api/events/filter/next?page-token=")
        page = client.get(page["next_page"]).json()
        totals.add(page["total"])
        names += [event["event"] for event in page["events"]]

    assert names == [f"n.{number}" for number in reversed(range(7))]
    assert totals == {7}


def test_answers_oldest_first_when_asked(client: Client) -> None:
    post(client, "events", [wire_event("a"), wire_event("b"), wire_event("c")])

    page = post(client, "events/filter", {"filter": {"order": "ASC"}, "limit": 2}).json()
    rest = client.get(page["next_page"]).json()

    assert [event["event"] for event in [*page["events"], *rest["events"]]] == ["a", "b", "c"]


def test_answers_the_newest_event_of_each_resource(client: Client) -> None:
    post(client, "events", [wire_event("a", "x"), wire_event("b", "x"), wire_event("c", "y")])

    page = post(client, "events/filter", {"filter": {"resource": {"distinct": True}}}).json()

    assert [event["event"] for event in page["events"]] == ["c", "b"]
    assert page["total"] == 2


@pytest.mark.parametrize("limit", [51, -1])
def test_refuses_other_page_sizes(client: Client, limit: int) -> None:
    response = post(client, "events/filter", {"limit": limit})

    assert response.status_code == 422
    assert response.json()["exception_detail"][0]["loc"] == ["body", "limit"]


def test_refuses_a_page_token_that_it_did_not_make(client: Client) -> None:
    assert client.get("/api/events/filter/next?page-token=forged").status_code == 403


def test_needs_a_page_token(client: Client) -> None:
    response = client.get("/api/events/filter/next")

    assert response.status_code == 422
    assert response.json()["exception_detail"][0]["loc"] == ["query", "page-token"]


def test_reads_a_page_with_two_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    post(client, "events", [wire_event() for _ in range(20)])

    with django_assert_num_queries(2):
        post(client, "events/filter", {"filter": {"any_resource": {"id": ["shop.1"]}}})


def test_counts_by_name(client: Client) -> None:
    post(client, "events", [wire_event("a"), wire_event("b"), wire_event("b")])

    counts = post(client, "events/count-by/event", {"filter": {}}).json()

    assert [(count["value"], count["count"]) for count in counts] == [("b", 2), ("a", 1)]


def test_counts_by_resource(client: Client) -> None:
    named = {"prefect.resource.id": "x", "prefect.resource.name": "Ex"}
    post(client, "events", [wire_event("a", named), wire_event("a", named), wire_event("a", "y")])

    counts = post(client, "events/count-by/resource", {"filter": {}}).json()

    assert [(count["value"], count["label"], count["count"]) for count in counts] == [("x", "Ex", 2), ("y", "y", 1)]


def test_counts_by_time_with_every_bucket(client: Client) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start, start + timedelta(seconds=59), start + timedelta(minutes=2), start + timedelta(minutes=3)]
    post(client, "events", [wire_event(occurred=time.isoformat()) for time in times])
    window = {"since": start.isoformat(), "until": (start + timedelta(minutes=3)).isoformat()}

    counts = post(client, "events/count-by/time", {"filter": {"occurred": window}, "time_unit": "minute"}).json()

    assert [count["count"] for count in counts] == [2, 0, 2]  # the end of the window belongs to the last bucket
    assert [count["value"] for count in counts] == ["0", "1", "2"]
    assert counts[1]["label"] == "2026-01-01T00:01:00+00:00"
    assert counts[1]["start_time"] == "2026-01-01T00:01:00.000000Z"
    assert counts[1]["end_time"] == "2026-01-01T00:01:59.999999Z"


def test_counts_by_day(client: Client) -> None:
    post(client, "events", [wire_event()])

    counts = post(client, "events/count-by/day", {"filter": {}}).json()

    assert sum(count["count"] for count in counts) == 1
    assert counts[-1]["count"] == 1
    assert 181 <= len(counts) <= 182


def test_refuses_more_buckets_than_it_can_answer(client: Client) -> None:
    response = post(client, "events/count-by/time", {"filter": {}, "time_unit": "second"})

    assert response.status_code == 422


@pytest.mark.parametrize(
    ("countable", "asked"),
    [
        ("time", {"filter": {}, "time_interval": 1e12}),
        (
            "time",
            {"filter": {"occurred": {"since": "0001-01-01T00:00:00Z"}}, "time_unit": "week", "time_interval": 600},
        ),
        ("day", {"filter": {"occurred": {"since": "0556-01-01T00:00:00Z"}}, "time_interval": 1e9}),
    ],
)
def test_refuses_buckets_that_would_lie_beyond_all_dates_or_be_too_many(
    client: Client, countable: str, asked: Any
) -> None:
    response = post(client, f"events/count-by/{countable}", asked)

    assert response.status_code == 422
    assert isinstance(response.json()["detail"], str)


def test_counts_in_tiny_buckets(client: Client) -> None:
    post(client, "events", [wire_event(occurred="2026-01-01T00:00:00Z")])
    window = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:05Z"}

    counts = post(
        client,
        "events/count-by/time",
        {"filter": {"occurred": window}, "time_unit": "second", "time_interval": 0.01},
    ).json()

    assert sum(count["count"] for count in counts) == 1


def test_refuses_to_count_by_something_else(client: Client) -> None:
    assert post(client, "events/count-by/colour", {"filter": {}}).status_code == 422
