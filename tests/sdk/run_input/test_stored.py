"""The inputs of runs by their keys."""

from __future__ import annotations

import asyncio

import pydantic
import pytest
from pydantic import BaseModel

from orchestrator import (
    FlowRunInput,
    InputRefused,
    MissingContext,
    Paused,
    RunInput,
    Running,
    acreate_flow_run_input,
    aread_flow_run_input,
    create_flow_run_input,
    create_flow_run_input_from_model,
    delete_flow_run_input,
    filter_flow_run_input,
    flow,
    keyset_from_base_key,
    keyset_from_paused_state,
    pause_flow_run,
    read_flow_run_input,
)


class Approval(RunInput):
    granted: bool
    note: str = ""


class Plain(BaseModel):
    x: int


def in_flow(call):
    @flow
    def inner():
        return call()

    return inner()


def test_keeps_what_json_can_say(api):
    def work():
        create_flow_run_input("mine", {"a": [1, (2,)]})
        return read_flow_run_input("mine"), read_flow_run_input("other")

    assert in_flow(work) == ({"a": [1, [2]]}, None)


def test_leaves_what_is_there(api):
    def work():
        create_flow_run_input("mine", 1)
        create_flow_run_input("mine", 2)
        return read_flow_run_input("mine")

    assert in_flow(work) == 1


def test_finds_by_the_beginning_of_the_key(api):
    def work():
        for number in range(3):
            create_flow_run_input(f"mine-{number}", number, sender="me")
        return filter_flow_run_input("mine-", limit=5, exclude_keys={"mine-1"})

    found = in_flow(work)

    assert [(each.key, each.decoded_value, each.sender) for each in found] == [("mine-0", 0, "me"), ("mine-2", 2, "me")]


def test_deletes_what_may_be_gone(api):
    def work():
        create_flow_run_input("mine", 1)
        delete_flow_run_input("mine")
        delete_flow_run_input("mine")
        return read_flow_run_input("mine")

    assert in_flow(work) is None


def test_keeps_the_fields_of_a_model(api):
    def work():
        create_flow_run_input_from_model("mine", Plain(x=3))
        return read_flow_run_input("mine")

    assert in_flow(work) == {"x": 3}


def test_works_in_async_code(api):
    @flow
    async def work():
        await acreate_flow_run_input("mine", 1)
        return await read_flow_run_input("mine"), await aread_flow_run_input("mine")

    assert asyncio.run(work()) == (1, 1)


def test_needs_a_run(api):
    with pytest.raises(MissingContext, match="give flow_run_id"):
        read_flow_run_input("mine")


def test_names_the_keys_of_a_paused_run():
    keys = keyset_from_paused_state(Paused(pause_key="1"))

    assert keys == keyset_from_base_key("paused-1")
    assert keys["response"] == "paused-1-response"


def test_refuses_a_state_that_is_not_paused():
    with pytest.raises(InputRefused, match="no state of a paused run"):
        keyset_from_paused_state(Running())


class TestRunInput:
    def test_asks_and_reads_the_answer(self, api):
        def work():
            keys = Approval.keyset_from_type()
            Approval.with_initial_data(description="May it go on?", note="please").save(keys)
            asked = read_flow_run_input(keys["schema"]), read_flow_run_input(keys["description"])
            create_flow_run_input(keys["response"], {"granted": True})
            return asked, Approval.load(keys)

        (schema, description), approval = in_flow(work)

        assert schema["properties"]["note"]["default"] == "please"
        assert description == "May it go on?"
        assert (approval.granted, approval.note) == (True, "")
        assert approval.metadata.key == "approval-response"

    def test_asks_and_reads_in_async_code(self, api):
        @flow
        async def work():
            keys = keyset_from_base_key("x")
            await Approval.asave(keys)
            await create_flow_run_input(keys["response"], {"granted": False})
            return (await Approval.aload(keys)).granted, (await Approval.load(keys)).granted

        assert asyncio.run(work()) == (False, False)

    def test_says_what_is_missing_in_the_answer(self, api):
        with pytest.raises(pydantic.ValidationError, match="granted"):
            in_flow(lambda: Approval.load(keyset_from_base_key("x")))

    def test_reads_what_was_found(self):
        found = FlowRunInput("r", "mine", '{"granted": true}', sender="me")

        approval = Approval.load_from_flow_run_input(found)

        assert (approval.granted, approval.metadata.sender) == (True, "me")

    def test_finds_the_question_of_a_paused_run(self, api, monkeypatch):
        seen = {}

        def resume(*_):
            state = api.the_run()["state"]
            seen["keys"] = state["state_details"]["run_input_keyset"]
            seen["key"] = state["state_details"]["pause_key"]
            api._resume({"run_input": {"granted": True}}, api.the_run()["id"])

        monkeypatch.setattr("orchestrator.sdk.pauses.pausing.FlowRunWatch.wait", resume)

        assert in_flow(lambda: pause_flow_run(wait_for_input=Approval)).granted
        assert seen["keys"] == keyset_from_paused_state(Paused(pause_key=seen["key"]))
