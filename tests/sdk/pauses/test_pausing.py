"""A run that pauses, against the rules of the real server code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from orchestrator import (
    FlowPauseTimeout,
    InputRefused,
    MissingContext,
    NotPausedFlowRun,
    PauseRefused,
    RunInput,
    flow,
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
    task,
)
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow
from tests.sdk.own_thread import server_in_own_thread


class Answer(RunInput):
    number: int
    note: str = "none"


@dataclass
class Point:
    x: int
    y: int = 0


@pytest.fixture
def server(db, monkeypatch):
    with server_in_own_thread(monkeypatch) as server:
        yield server


def asks(kind, **options):
    @flow(name="asks")
    def asks():
        return pause_flow_run(wait_for_input=kind, **options)

    return asks


def answered(server, kind, given, **options):
    """What a flow gets that waits for this kind and is resumed so."""
    server.meanwhile.append(lambda: resume_flow_run(server.the_run("asks")["id"], given))
    return asks(kind, **options)()


class TestAPause:
    def test_waits_until_the_run_is_resumed(self, server):
        @flow(name="waits")
        def waits():
            pause_flow_run(timeout=60)
            return "went on"

        server.meanwhile += [lambda: None, lambda: resume_flow_run(server.the_run("waits")["id"])]

        assert waits() == "went on"
        run = server.the_run("waits")
        assert server.state_names(run["id"]) == ["Pending", "Running", "Paused", "Running", "Completed"]

    def test_tells_the_server_how_long_it_waits_and_which_pause_it_is(self, server):
        seen = []

        def look():
            seen.append(server.the_run("waits"))
            resume_flow_run(seen[0]["id"])

        @flow(name="waits")
        def waits():
            pause_flow_run(timeout=60)

        server.meanwhile.append(look)
        waits()

        details = seen[0]["state"]["state_details"]
        assert details["pause_timeout"]
        assert details["pause_reschedule"] is False
        assert seen[0]["empirical_policy"]["pause_keys"] == [details["pause_key"]]

    def test_happens_again_at_the_next_call(self, server):
        @flow(name="waits")
        def waits():
            pause_flow_run()
            pause_flow_run()

        def resume():
            resume_flow_run(server.the_run("waits")["id"])

        server.meanwhile += [resume, resume]
        waits()

        assert server.state_names(server.the_run("waits")["id"]).count("Paused") == 2

    def test_looks_less_and_less_often(self, server):
        server.meanwhile += [lambda: None] * 9
        server.meanwhile.append(lambda: resume_flow_run(server.the_run("asks")["id"]))

        asks(None, poll_interval=1)()

        assert server.slept[0] == 0.1
        assert server.slept == sorted(server.slept)
        assert server.slept[-1] == 1

    def test_ends_the_run_when_nobody_comes_in_time(self, server):
        with pytest.raises(FlowPauseTimeout, match="resumed"):
            asks(None, timeout=0)()

        assert server.the_run("asks")["state_type"] == "FAILED"

    def test_ends_the_run_when_the_server_has_given_it_up(self, server):
        server.meanwhile.append(lambda: server.set_state(server.the_run("asks")["id"], "FAILED"))

        with pytest.raises(FlowPauseTimeout):
            asks(None)()

    def test_ends_as_cancelled_when_the_run_is_cancelled_meanwhile(self, server):
        server.meanwhile.append(lambda: server.set_state(server.the_run("asks")["id"], "CANCELLING", force=False))

        state = asks(None)(return_state=True)

        assert state.is_cancelled()
        assert server.the_run("asks")["state_type"] == "CANCELLED"

    def test_outlasts_a_server_that_is_away(self, server, monkeypatch):
        transport = server.client.transport
        handle = transport.handle

        def away(request):
            raise ConnectionRefusedError("connection refused")

        server.meanwhile += [
            lambda: monkeypatch.setattr(transport, "handle", away),
            lambda: monkeypatch.setattr(transport, "handle", handle),
            lambda: resume_flow_run(server.the_run("asks")["id"]),
        ]

        assert asks(None)() is None

    def test_can_be_called_in_a_task(self, server):
        @task
        def waits():
            pause_flow_run()
            return 1

        @flow(name="asks")
        def has_task():
            return waits()

        server.meanwhile.append(lambda: resume_flow_run(server.the_run("asks")["id"]))

        assert has_task() == 1

    def test_of_a_subflow_is_its_own(self, server):
        inner = asks(None)

        @flow(name="outer")
        def outer():
            inner()
            return "went on"

        def resume():
            assert server.the_run("outer")["state_type"] == "RUNNING"
            resume_flow_run(server.the_run("asks")["id"])

        server.meanwhile.append(resume)

        assert outer() == "went on"

    def test_needs_a_flow_run(self, server):
        with pytest.raises(MissingContext, match="outside of a flow run"):
            pause_flow_run()

    @pytest.mark.parametrize("timeout", [-1, True, "5", float("nan")])
    def test_refuses_a_timeout_that_is_none(self, server, timeout):
        with pytest.raises(PauseRefused, match=f"timeout is {timeout!r}; a number from 0 on"):
            asks(None, timeout=timeout)()


def test_needs_a_server_to_pause():
    with pytest.raises(PauseRefused, match="ORCHESTRATOR_API_URL"):
        asks(None)()


# what is waited for, what is given -> what comes back
VALUES = [
    (str, "yes", "yes"),
    (int, 3, 3),
    (bool, True, True),
    (float, {"value": 1}, 1.0),
    (list[int], [1, 2], [1, 2]),
    (str | None, {"value": None}, None),
    (Point, Point(1, 2), Point(1, 2)),
    (Point, {"value": {"x": 3}}, Point(3, 0)),
    (list[Answer], [Answer(number=1)], [Answer(number=1)]),
    (date, date(2026, 1, 2), date(2026, 1, 2)),
]


class TestWaitingForInput:
    @pytest.mark.parametrize(("kind", "given", "got"), VALUES, ids=str)
    def test_gives_a_value_of_the_type(self, server, kind, given, got):
        assert answered(server, kind, given) == got

    def test_gives_an_instance_of_a_class(self, server):
        got = answered(server, Answer, {"number": 42, "note": "hi"})

        assert (type(got), got.number, got.note) == (Answer, 42, "hi")
        assert got.metadata.receiver == server.the_run("asks")["id"]

    def test_takes_an_instance_as_answer(self, server):
        assert answered(server, Answer, Answer(number=1)).number == 1

    def test_takes_what_is_filled_in_already(self, server):
        kind = Answer.with_initial_data(description="How many?", number=3)

        assert answered(server, kind, {}).number == 3

    def test_asks_again_when_the_run_is_tried_again(self, server):
        numbers = []

        @flow(name="asks", retries=1)
        def tried_again():
            numbers.append(pause_flow_run(wait_for_input=Answer.with_initial_data(number=3)).number)
            if len(numbers) == 1:
                raise ValueError("once")

        def answer(given):
            return lambda: resume_flow_run(server.the_run("asks")["id"], given)

        policy = {"empirical_policy": {"retries": 2, "retry_delay": 0}}  # a pause counts as an execution too

        def begin():
            server.client.send("PATCH", f"/flow_runs/{server.the_run('asks')['id']}", policy)
            answer({"number": 5})()

        server.meanwhile += [begin, lambda: None, answer({})]
        tried_again()

        assert numbers == [5, 3]

    def test_stores_what_the_answer_must_look_like(self, server):
        seen = {}

        def look():
            run = server.the_run("asks")
            keys = run["state"]["state_details"]["run_input_keyset"]
            for name in ("schema", "description"):
                seen[name] = server.ask("GET", f"/flow_runs/{run['id']}/input/{keys[name]}")
            resume_flow_run(run["id"], {})

        server.meanwhile.append(look)
        asks(Answer.with_initial_data(description="How many?", number=3))()

        assert seen["schema"]["properties"]["number"]["default"] == 3
        assert seen["description"] == "How many?"

    # what is waited for, what is given, which field is named
    @pytest.mark.parametrize(
        ("kind", "given", "field"),
        [(Answer, {"number": "many"}, "number"), (Answer, {}, "number"), (int, "many", "value")],
        ids=["wrong type", "missing", "plain type"],
    )
    def test_refuses_what_does_not_fit_and_goes_on_waiting(self, server, kind, given, field):
        refused = []

        def answer_badly():
            with pytest.raises(InputRefused, match=field) as caught:
                resume_flow_run(server.the_run("asks")["id"], given)
            refused.append(caught.value)

        good = {"number": 1} if kind is Answer else 1
        server.meanwhile += [answer_badly, lambda: resume_flow_run(server.the_run("asks")["id"], good)]

        asks(kind)()

        assert refused

    def test_needs_a_type(self, server):
        with pytest.raises(InputRefused, match="a type, such as str"):
            asks("an answer")()


class TestResuming:
    def test_refuses_a_run_that_is_not_paused(self, server):
        @flow(name="quick")
        def quick(): ...

        quick()

        with pytest.raises(NotPausedFlowRun, match="not paused"):
            resume_flow_run(server.the_run("quick")["id"])


@flow(name="suspends")
def suspends(retried: bool = False):
    suspended.append(1)
    if retried and len(suspended) == 1:
        raise ValueError("once")
    return suspend_flow_run(wait_for_input=int, timeout=60)


suspended: list[int] = []


@pytest.fixture
def deployed(server):
    suspended.clear()
    server.deployment = suspends.deploy("s", print_next_steps=False)
    return server


def begun(server, parameters=None):
    """A run of the deployment as a worker has it that claimed it."""
    made = server.ask("POST", f"/deployments/{server.deployment}/create_flow_run", {"parameters": parameters or {}})
    return claimed(server, made["id"])


def claimed(server, run_id):
    body = {"flow_run_id": run_id, "worker_name": "w"}
    return server.ask("POST", "/work_pools/default/claims", body)


def execute(server, claim, flow=suspends):
    state = run_claimed_flow(flow, flow_run=claim["flow_run"], claim_id=claim["id"])
    server.ask("GET", f"/flow_runs/{claim['flow_run']['id']}")
    server.client.send("POST", f"/claims/{claim['id']}/release", {})
    return state


class TestASuspension:
    def test_leaves_the_process_and_goes_on_in_another(self, deployed):
        claim = begun(deployed)
        run_id = claim["flow_run"]["id"]

        first = execute(deployed, claim)
        resumed = resume_flow_run(run_id, 5)
        second = execute(deployed, claimed(deployed, run_id))

        assert (first.type.value, first.name) == ("PAUSED", "Suspended")
        assert resumed.name == "Resuming"
        assert second.result() == 5
        assert len(suspended) == 2
        assert deployed.ask("GET", f"/flow_runs/{run_id}")["run_count"] == 1

    def test_goes_on_elsewhere_also_after_a_retry(self, deployed):
        claim = begun(deployed, {"retried": True})
        run_id = claim["flow_run"]["id"]
        deployed.meanwhile.append(lambda: None)  # before it is tried again
        execute(deployed, claim, suspends.with_options(retries=1))
        resume_flow_run(run_id, 5)

        state = execute(deployed, claimed(deployed, run_id))

        assert state.result() == 5

    def test_is_refused_without_a_deployment(self, server):
        with pytest.raises(PauseRefused, match="without a deployment"):
            suspends()

    def test_is_refused_in_a_task(self, server):
        @task
        def suspends():
            suspend_flow_run()

        @flow
        def has_task():
            suspends()

        with pytest.raises(PauseRefused, match="in the flow itself"):
            has_task()

    def test_reaches_another_run(self, deployed):
        claim = begun(deployed)
        run_id = claim["flow_run"]["id"]
        deployed.set_state(run_id, "RUNNING")

        suspend_flow_run(flow_run_id=run_id)

        assert deployed.ask("GET", f"/flow_runs/{run_id}")["state_name"] == "Suspended"

    def test_of_another_run_is_refused_when_that_does_not_run(self, deployed):
        run_id = begun(deployed)["flow_run"]["id"]

        with pytest.raises(PauseRefused, match="not currently running"):
            suspend_flow_run(flow_run_id=run_id)

    def test_is_what_a_pause_with_reschedule_means(self, deployed):
        @flow(name="suspends")
        def old_way():
            pause_flow_run(reschedule=True)

        state = execute(deployed, begun(deployed), old_way)

        assert state.name == "Suspended"
