"""What clients of other versions send, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from orchestrator.rest.bodies import Body
from orchestrator.rest.tolerance import header_of, read_without_unknown_keys

OLDER = "prefect/3.4.20 (API 0.8.4)"
OWN = "prefect/3.8.8 (API 0.8.4)"


class Interval(Body):
    interval: int


class Cron(Body):
    cron: str
    timezone: str | None = None


class Slack(Body):
    kind: Literal["slack"]
    channel: str


class Mail(Body):
    kind: Literal["mail"]
    to: str


class Order(Body):
    name: str
    size: Literal["S", "M"] = "S"
    schedules: list[Interval | Cron] = []
    alert: Annotated[Slack | Mail, Field(discriminator="kind")] | None = None
    extras: dict[str, Interval] = {}
    free: dict[str, Any] = {}


def tolerated(sent: Any, kind: Any = Order) -> Any:
    """What is understood and what is dropped, or None."""
    fit = TypeAdapter(kind).validate_python
    with pytest.raises(ValidationError) as caught:
        fit(sent)
    return read_without_unknown_keys(fit, sent, caught.value)


@pytest.mark.parametrize(
    ("sent", "dropped"),
    [
        # one level, several keys
        ({"name": "a", "colour": 1, "shape": 2}, ["colour", "shape"]),
        # inside a list, of the one type that fits: the other one forbids `interval`, which must stay
        ({"name": "a", "schedules": [{"interval": 5, "anchor": "now"}]}, ["schedules.0.anchor"]),
        ({"name": "a", "schedules": [{"interval": 5}, {"cron": "*", "day_or": True}]}, ["schedules.1.day_or"]),
        # in a type that a key chooses
        ({"name": "a", "alert": {"kind": "mail", "to": "b", "cc": "c"}}, ["alert.cc"]),
        # below names that are free
        ({"name": "a", "extras": {"x": {"interval": 1, "y": 2}}}, ["extras.x.y"]),
        # a whole object goes with its key
        ({"name": "a", "more": {"deep": {"down": 1}}}, ["more"]),
    ],
)
def test_drops_unknown_keys_at_any_depth(sent, dropped):
    value, names = tolerated(sent)

    assert sorted(names) == dropped
    assert value.name == "a"


def test_keeps_what_is_known_beside_what_is_dropped():
    value, _ = tolerated({"name": "a", "x": 1, "schedules": [{"interval": 5, "anchor": 1}], "free": {"x": 1}})

    assert value == Order(name="a", schedules=[Interval(interval=5)], free={"x": 1})


def test_leaves_the_body_as_it_was_sent():
    sent = {"name": "a", "schedules": [{"interval": 5, "anchor": 1}], "colour": 1}

    tolerated(sent)

    assert sent == {"name": "a", "schedules": [{"interval": 5, "anchor": 1}], "colour": 1}


def test_reads_lists_of_bodies():
    value, names = tolerated([{"name": "a"}, {"name": "b", "x": 1}], list[Order])

    assert (len(value), names) == (2, ["1.x"])


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "a", "size": "XL", "colour": 1},  # an unknown value of a known key
        {"colour": 1},  # a key that is missing
        {"name": 7, "colour": 1},
        {"name": "a", "schedules": [{"rrule": "DAILY"}]},  # a type that is not known at all
        {"name": "a", "alert": {"kind": "pager"}},
        [],
    ],
)
def test_tolerates_nothing_else(sent):
    assert tolerated(sent) is None


def test_names_what_it_dropped_in_a_form_that_a_header_can_carry():
    assert header_of(["a.b", "c", "ü\r\nSet-Cookie: x"]) == "a.b, c, %C3%BC%0D%0ASet-Cookie%3A%20x"
    assert len(header_of(["key"] * 5_000)) <= 2_000


@pytest.mark.parametrize(
    ("agent", "status"),
    [
        (OLDER, 201),
        ("prefect/3.9.0 (API 0.8.5)", 201),
        (OWN, 422),
        ("prefect/3.8.8.dev1", 422),
        ("curl/8", 422),
        ("", 422),
    ],
)
def test_is_lenient_with_other_versions_of_the_client_alone(api, agent, status):
    response = api.post("/flows", {"name": "numbers", "colour": "red"}, user_agent=agent)

    assert response.status_code == status
    assert response.headers.get("X-Orchestrator-Ignored") == ("colour" if status == 201 else None)


def test_is_lenient_inside_filters(api):
    body = {"flows": {"name": {"any_": ["a"], "sounds_like_": "b"}}}

    response = api.post("/flows/filter", body, user_agent=OLDER)

    assert (response.status_code, response.headers["X-Orchestrator-Ignored"]) == (200, "flows.name.sounds_like_")


def test_refuses_unknown_values_of_every_client(api):
    assert api.post("/flows/filter", {"sort": "COLOUR_ASC"}, user_agent=OLDER).status_code == 422
