"""The way into the SDK for a worker: execute a flow run that exists already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.api.client import Client, current_client
from orchestrator.sdk.crashes import describe_crash, describe_error
from orchestrator.sdk.engine.authority import known_flow_run
from orchestrator.sdk.engine.conversation import drive, drive_async
from orchestrator.sdk.engine.stopping import listening, stop_run
from orchestrator.sdk.errors import (
    ApiError,
    ClaimLost,
    ParameterBindError,
    ParameterTypeError,
    RunCancelled,
    RunNameError,
    ServerUnreachable,
)
from orchestrator.sdk.flows.flow_execution import converse
from orchestrator.sdk.flows.flow_run import FlowRun
from orchestrator.sdk.outcomes.states import Cancelled, Crashed, Failed, State

if TYPE_CHECKING:
    from orchestrator.sdk.flows.flow import Flow

__all__ = ["propose_final_state", "run_claimed_flow", "stop_run"]


def run_claimed_flow(
    flow: Flow[Any, Any],
    *,
    flow_run: dict[str, Any],
    parameters: dict[str, Any] | None = None,
    claim_id: str | None = None,
    client: Client | None = None,
) -> State:
    """Execute an existing PENDING flow run in this thread and return its last state.

    `flow_run` is the run as the API writes it; `parameters` None takes those of the run. `claim_id` goes along with
    every proposal. `client` None takes what the environment says. What the author's code raises, BaseException
    included, becomes the state and is not raised. `stop_run(flow_run_id, RunCancelled(reason))`, called from another
    thread, ends it as CANCELLED; with ClaimLost(reason) it ends without another word to the server.

    When this returns, the run's events and logs have arrived, or ORCHESTRATOR_DRAIN_SECONDS have passed.
    """
    client = client or current_client()
    known = known_flow_run(flow_run)
    run = FlowRun(flow, {}, client=client, known=known, claim_id=claim_id)
    try:
        given = flow_run.get("parameters") if parameters is None else parameters
        run.parameters = flow.accepted_parameters(flow.binder.bind((), given or {}))
        run.call(run.name_of_its_own(run.parameters) or known.name)
    except (ParameterBindError, ParameterTypeError, RunNameError) as error:
        run.logger.error(str(error))
        return _end(run, Failed(message=str(error), data=error))
    except Exception as error:  # noqa: BLE001 - the function that makes the run's name is the author's
        return _end(run, Failed(message=describe_error("The naming of the run", error), data=error))
    try:
        with listening(known.id, run.stoppable):
            _tell_what_the_flow_says(run, flow_run)
            if not flow.is_async:
                return drive(converse(run))
            return _drive_in_loop(run)
    except RunCancelled as stop:
        # It came in between two steps of the engine. The conversation was left where it was.
        return _stopped(run, stop)
    except (ServerUnreachable, ApiError) as error:
        run.logger.error(f"The run could not begin: {error}")
        return Crashed(message=describe_error("The engine", error), data=error).with_details(flow_run_id=known.id)
    except BaseException as error:  # noqa: BLE001 - the conversation has proposed CRASHED; a worker child has more runs to serve
        return Crashed(message=describe_crash(error), data=error).with_details(flow_run_id=known.id)


def propose_final_state(
    state: State, *, flow_run: dict[str, Any], claim_id: str | None = None, client: Client | None = None
) -> State:
    """Propose how a run ended whose flow could not even be loaded, and log it. Returns the state that holds then."""
    from orchestrator.sdk.flows.flow import Flow

    placeholder: Flow[Any, Any] = Flow(_nothing, name="unknown")
    known = known_flow_run(flow_run)
    run = FlowRun(placeholder, {}, client=client or current_client(), known=known, claim_id=claim_id)
    return _end(run, state)


def _drive_in_loop(run: FlowRun) -> State:
    import asyncio

    async def attached() -> State:
        run.stoppable.attach()
        return await drive_async(converse(run))

    return asyncio.run(attached())


def _tell_what_the_flow_says(run: FlowRun, flow_run: dict[str, Any]) -> None:
    """The server decides about retries, and of a run that a deployment made it knows neither these nor the name that
    the flow gives its runs."""
    changes: dict[str, Any] = {}
    known = dict(flow_run.get("empirical_policy") or {})
    if run.flow.retries and not known.get("retries"):
        changes["empirical_policy"] = {**known, "retries": run.flow.retries, "retry_delay": run.flow.retry_delay}
    if run.name != flow_run["name"]:
        changes["name"] = run.name
    if changes and run.client is not None:
        run.client.send("PATCH", f"/flow_runs/{run.id}", changes)


def _stopped(run: FlowRun, stop: RunCancelled) -> State:
    if isinstance(stop, ClaimLost):
        return Cancelled(message=stop.reason)
    return _end(run, Cancelled(message=stop.how_it_stopped()))


def _end(run: FlowRun, final: State) -> State:
    from orchestrator.sdk.flows.flow_endings import conclude

    return drive(conclude(run, final))


def _nothing() -> None:
    """Stands for a flow that is not there."""
