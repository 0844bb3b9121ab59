"""Hooks called for a run that died."""

from __future__ import annotations

from orchestrator import flow, get_run_logger, task
from orchestrator.sdk.errors import FlowRunEnded
from orchestrator.sdk.flows.hooks_afterwards import call_hooks_of_dead_run
from orchestrator.sdk.outcomes.states import Crashed


@task
def tell(): ...


def test_see_the_run_and_log_for_it(api):
    wire = api.add_pending_run(parameters={"x": 1}, name="amber-dove", work_pool_name="default")
    seen = []

    @flow
    def main(x: int): ...

    @main.on_crashed
    def noted(flow_, run, state):
        get_run_logger().info("it died")
        seen.append((flow_, run.id, run.parameters, run.work_pool_name, state.name))

    call_hooks_of_dead_run(main, Crashed(message="killed"), flow_run=wire)

    assert seen == [(main, wire["id"], {"x": 1}, "default", "Crashed")]
    (log,) = [log for log in api.logs if log["message"] == "it died"]
    assert log["flow_run_id"] == wire["id"]


def test_execute_no_more_of_the_run(api):
    errors = []

    @flow
    def main(): ...

    @main.on_crashed
    def noted(*_):
        try:
            tell()
        except FlowRunEnded as error:
            errors.append(error)

    call_hooks_of_dead_run(main, Crashed(), flow_run=api.add_pending_run())

    assert len(errors) == 1


def test_are_those_of_that_state_alone(api):
    seen = []

    call_hooks_of_dead_run(
        flow(lambda: None, name="main", on_failure=[seen.append]), Crashed(), flow_run=api.add_pending_run()
    )

    assert seen == []
    assert api.messages() == []
