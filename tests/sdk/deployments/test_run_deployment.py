"""Runs of deployments, also as subflows, against the real server code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import DeploymentError, FailedRun, MissingContext, arun_deployment, flow, run_deployment, tags, task
from orchestrator.contract.times import format_time, now
from tests.sdk.own_thread import server_in_own_thread


@flow(name="child")
def child(x: int = 1) -> None: ...


@pytest.fixture
def server(db, monkeypatch):
    with server_in_own_thread(monkeypatch) as server:
        server.deployment = child.deploy("d", tags=["deployed"], print_next_steps=False)
        yield server


def ends(server, type_="COMPLETED"):
    """The child ends meanwhile."""

    def end():
        server.set_state(server.the_run("child")["id"], type_)

    return end


def tracking_runs(server, flow_name):
    run = server.the_run(flow_name)
    return server.ask("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})


class TestARun:
    def test_is_waited_for(self, server):
        server.meanwhile += [lambda: None, ends(server)]

        run = run_deployment("child/d", parameters={"x": 5})

        assert run.state.is_completed()
        assert run.parameters == {"x": 5}
        assert run["state"]["type"] == "COMPLETED"

    def test_is_known_by_the_id_of_the_deployment_too(self, server):
        assert run_deployment(server.deployment, timeout=0).deployment_id == server.deployment

    def test_is_returned_at_once_without_patience(self, server):
        run = run_deployment("child/d", timeout=0)

        assert run.state.is_scheduled()
        assert server.slept == []

    def test_is_returned_as_it_is_when_the_time_is_over(self, server, monkeypatch):
        server.meanwhile += [lambda: None] * 2

        run = run_deployment("child/d", timeout=0.0001)

        assert run.state.is_scheduled()

    def test_tells_by_its_state_how_it_ended(self, server):
        server.meanwhile.append(ends(server, "FAILED"))

        run = run_deployment("child/d")

        with pytest.raises(FailedRun):
            run.state.result()

    def test_has_what_was_asked_for(self, server):
        due = now() + timedelta(hours=1)

        with tags("outer"):
            run = run_deployment(
                "child/d",
                scheduled_time=due,
                flow_run_name="mine",
                tags=["t"],
                job_variables={"env": {"A": "1"}},
                timeout=0,
            )

        assert run.name == "mine"
        assert set(run.tags) == {"t", "outer", "deployed"}
        assert format_time(run.expected_start_time) == format_time(due)
        assert run.job_variables == {"env": {"A": "1"}}

    def test_is_one_for_one_idempotency_key(self, server):
        first = run_deployment("child/d", idempotency_key="k", timeout=0)
        second = run_deployment("child/d", idempotency_key="k", timeout=0)

        assert first.id == second.id

    # what is asked for, what is said
    @pytest.mark.parametrize(
        ("name", "options", "said"),
        [
            ("child/x", {}, "There is no deployment 'child/x'"),
            ("0198a7e2-7b1e-7000-8000-000000000000", {}, "There is no deployment"),
            ("child", {}, "flow name/deployment name"),
            ("child/d", {"parameters": {"x": "many"}}, "x"),
            ("child/d", {"timeout": -1}, "timeout is -1"),
            ("child/d", {"tags": "t"}, "a list of texts"),
        ],
    )
    def test_is_refused_in_words(self, server, name, options, said):
        with pytest.raises(DeploymentError, match=said):
            run_deployment(name, **options)


def test_needs_a_server_to_run_a_deployment():
    with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
        run_deployment("child/d")


class TestASubflow:
    def test_is_shown_in_its_parent(self, server):
        @flow(name="parent")
        def parent():
            return run_deployment("child/d").state.type.value

        server.meanwhile.append(ends(server))

        assert parent() == "COMPLETED"
        (tracking,) = tracking_runs(server, "parent")
        assert server.the_run("child")["parent_task_run_id"] == tracking["id"]
        assert tracking["state_type"] == "COMPLETED"
        assert tracking["name"] == "child/d-0"

    def test_draws_edges_from_where_its_parameters_came(self, server):
        @task
        def one():
            return 1000

        @flow(name="parent")
        def parent():
            future = one.submit()
            future.wait()
            run_deployment("child/d", parameters={"x": future}, timeout=0)
            return future.task_run_id

        task_run_id = parent()

        (tracking,) = tracking_runs(server, "parent")
        assert tracking["task_inputs"]["x"] == [{"input_type": "task_run", "id": task_run_id}]
        assert server.the_run("child")["parameters"] == {"x": 1000}

    def test_names_the_task_that_called(self, server):
        @task
        def calls():
            run_deployment("child/d", timeout=0)

        @flow(name="parent")
        def parent():
            future = calls.submit()
            future.wait()
            return future.task_run_id

        # In this thread: the server's rows are visible to no other.
        @flow(name="parent")
        def in_this_thread():
            calls()

        in_this_thread()

        (tracking,) = tracking_runs(server, "parent")
        assert [each["input_type"] for each in tracking["task_inputs"]["__parents__"]] == ["task_run"]

    def test_can_be_independent(self, server):
        @flow(name="parent")
        def parent():
            run_deployment("child/d", as_subflow=False, timeout=0)

        parent()

        assert server.the_run("child")["parent_task_run_id"] is None

    def test_that_completed_is_found_again_when_the_parent_is_tried_again(self, server):
        tries = []

        @flow(name="parent", retries=1)
        def parent():
            tries.append(run_deployment("child/d").id)
            if len(tries) == 1:
                raise ValueError("once")

        server.meanwhile += [ends(server), lambda: None]
        parent()

        assert len(tries) == 2
        assert len(set(tries)) == 1

    def test_that_failed_is_begun_anew_when_the_parent_is_tried_again(self, server):
        runs = []

        def end_last(type_):
            def end():
                rows = server.ask("POST", "/flow_runs/filter", {"flows": {"name": {"any_": ["child"]}}})
                (left,) = [row for row in rows if row["state_type"] == "SCHEDULED"]
                server.set_state(left["id"], type_)

            return end

        @flow(name="parent", retries=1)
        def parent():
            runs.append(run_deployment("child/d"))
            return runs[-1].state.result(raise_on_failure=True) if runs[-1].state.is_failed() else None

        server.meanwhile += [end_last("FAILED"), lambda: None, end_last("COMPLETED")]
        parent()

        assert [run.state.name for run in runs] == ["Failed", "Completed"]
        assert runs[0].id != runs[1].id

    def test_is_cancelled_with_its_parent(self, server):
        from orchestrator.sdk.context import current_flow_run
        from orchestrator.sdk.errors import RunCancelled

        @flow(name="parent")
        def parent():
            run_deployment("child/d")

        def cancel():
            current_flow_run.get().stoppable.reason = RunCancelled("The run was cancelled.")

        server.meanwhile.append(cancel)
        state = parent(return_state=True)

        assert state.is_cancelled()
        assert server.the_run("child")["state_type"] == "CANCELLED"


async def in_async_flow(api):
    @flow(name="parent")
    async def parent():
        first = await run_deployment("deployed/d")
        second = await arun_deployment("deployed/d")
        return first.state.name, second.state.name

    return await parent()


def test_can_be_awaited(api):
    import asyncio

    api.deployments["d"] = {"id": "0198a7e2-7b1e-7000-8000-000000000000", "name": "d"}

    assert asyncio.run(in_async_flow(api)) == ("Completed", "Completed")
