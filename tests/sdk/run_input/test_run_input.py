"""Runs that are told something while they run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import BaseModel, Field

from orchestrator import InputRefused, MissingContext, RunInput, WaitTimeout, flow, receive_input, send_input


class Order(RunInput):
    what: str
    how_many: int = 1


class Plain(BaseModel):
    x: int


@dataclass
class Point:
    x: int


def received(api, kind, *values, **options):
    """What a flow gets to which these values were sent."""

    @flow
    def listens():
        for value in values:
            send_input(value, api.the_run()["id"])
        return list(receive_input(kind, timeout=0, **options))

    return listens()


# what is waited for, what is sent
SENT = [(int, 5), (str, "a"), (list[int], [1, 2]), (Plain, Plain(x=1)), (Point, Point(1))]


@pytest.mark.parametrize(("kind", "value"), SENT, ids=lambda value: str(getattr(value, "__name__", value)))
def test_gets_values_of_the_type(api, kind, value):
    assert received(api, kind, value) == [value]


def test_gets_each_once_in_order_of_arrival(api):
    assert received(api, int, 5, 6, 5) == [5, 6, 5]


def test_asks_for_many_at_once(api):
    assert received(api, int, *range(45)) == list(range(45))

    asked = [request for request in api.requests if request.path.endswith("/input/filter")]
    assert len(asked) <= 4


def test_leaves_what_it_has_not_given_to_whoever_listens_next(api):
    @flow
    def listens():
        for number in range(5):
            send_input(number, api.the_run()["id"])
        first = receive_input(int, timeout=0, with_metadata=True)
        taken = [next(first), next(first)]
        del first  # as when its process dies
        return list(receive_input(int, timeout=0, exclude_keys=[each.metadata.key for each in taken]))

    assert listens() == [2, 3, 4]


def test_gives_each_to_one_of_several_threads(api):
    @flow
    def listens():
        for number in range(60):
            send_input(number, api.the_run()["id"])
        numbers = receive_input(int, timeout=0)
        with ThreadPoolExecutor(4) as threads:
            run = copy_context()
            parts = threads.map(lambda _: run.copy().run(list, numbers), range(4))
            return [number for part in parts for number in part]

    assert sorted(listens()) == list(range(60))


def test_leaves_values_of_other_types(api):
    assert received(api, int, 5, "a", 6) == [5, 6]


def test_gets_instances_of_a_class_that_know_where_they_come_from(api):
    (order,) = received(api, Order, Order(what="tea"))

    assert (order.what, order.how_many) == ("tea", 1)
    assert order.metadata.sender == f"prefect.flow-run.{api.the_run()['id']}"


def test_can_be_answered(api):
    @flow
    def listens():
        run_id = api.the_run()["id"]
        Order(what="tea").send_to(run_id)
        order = next(iter(Order.receive(timeout=0)))
        order.respond("thanks")
        return next(iter(receive_input(str, timeout=0, with_metadata=True)))

    thanks = listens()

    assert thanks.value == "thanks"
    assert thanks.metadata.receiver == api.the_run()["id"]


def test_cannot_be_answered_when_no_run_sent_it(api):
    @flow
    def listens():
        send_input(Order(what="tea"), api.the_run()["id"], sender="me")
        next(iter(Order.receive(timeout=0))).respond("thanks")

    with pytest.raises(InputRefused, match="nobody to respond to"):
        listens()


def test_uses_the_prefix_that_both_agree_on(api):
    @flow
    def listens():
        run_id = api.the_run()["id"]
        send_input(1, run_id, key_prefix="mine")
        send_input(2, run_id)
        return list(receive_input(int, timeout=0, key_prefix="mine"))

    assert listens() == [1]


def test_raises_when_asked_to_when_nothing_comes(api):
    with pytest.raises(WaitTimeout, match="within 0 seconds"):
        received(api, int, raise_timeout_error=True)


def test_names_an_input_that_is_not_of_the_type(api):
    @flow
    def listens():
        send_input("many", api.the_run()["id"], key_prefix="mine")
        return list(receive_input(int, timeout=0, key_prefix="mine"))

    with pytest.raises(InputRefused, match="Input 'mine-"):
        listens()


def test_is_received_in_async_code_too(api):
    @flow
    async def listens():
        await send_input(5, api.the_run()["id"])
        return [value async for value in receive_input(int, timeout=0)]

    assert asyncio.run(listens()) == [5]


def test_needs_a_run_to_listen_in(api):
    with pytest.raises(MissingContext, match="flow_run_id"):
        receive_input(int)


class TestInitialData:
    def test_becomes_the_defaults(self):
        kind = Order.with_initial_data(description="What?", what="tea")

        assert kind().what == "tea"
        assert issubclass(kind, Order)
        assert "what" not in kind.model_json_schema().get("required", [])

    def test_leaves_the_class_as_it_was(self):
        Order.with_initial_data(what="tea")

        with pytest.raises(ValueError, match="what"):
            Order()

    def test_keeps_what_a_field_demands(self):
        class Few(RunInput):
            count: int = Field(le=3, description="not many")

        schema = Few.with_initial_data(count=2).model_json_schema()["properties"]["count"]

        assert (schema["maximum"], schema["description"], schema["default"]) == (3, "not many", 2)

    def test_may_have_fields_that_the_class_has_not(self):
        assert Order.with_initial_data(what="tea", urgent=True)().urgent is True


def test_refuses_fields_that_are_not_declared():
    with pytest.raises(ValueError, match="colour"):
        Order(what="tea", colour="green")


def test_has_no_sender_before_it_was_received():
    with pytest.raises(InputRefused, match="was made here"):
        _ = Order(what="tea").metadata


WITHOUT_PYDANTIC = """
import sys
sys.modules["pydantic"] = None
from dataclasses import dataclass
from orchestrator.sdk.run_input.kinds import InputMetadata, kind_of
@dataclass
class Point:
    x: int
at = InputMetadata("k", "r")
assert kind_of(int).read({"value": 3}, at) == 3
assert kind_of(Point).read({"value": {"x": 1}}, at) == Point(1)
assert kind_of(int).schema()["properties"]["value"]["type"] == "integer"
try:
    from orchestrator import RunInput
except ImportError as error:
    assert "pip install pydantic" in str(error), error
else:
    raise AssertionError
"""


def test_knows_plain_types_without_pydantic():
    subprocess.run([sys.executable, "-c", WITHOUT_PYDANTIC], check=True)


def test_reads_types_that_json_does_not_know(api):
    assert received(api, timedelta, timedelta(seconds=3)) == [timedelta(seconds=3)]
