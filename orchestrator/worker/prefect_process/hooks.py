"""Calls the `on_cancellation` hooks of a Prefect flow whose own process could not do it any more.

A program for the run's interpreter, which has Prefect and need not have us. The environment names the run.
"""

import asyncio
import inspect
import os
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.flows import load_flow_from_flow_run
from prefect.logging.loggers import flow_run_logger
from prefect.states import Cancelling


async def main() -> None:
    """Load the flow as the engine does, and call its hooks one after the other. One that fails stops no other."""
    async with get_client() as client:
        flow_run = await client.read_flow_run(UUID(os.environ["PREFECT__FLOW_RUN_ID"]))
        flow = await load_flow_from_flow_run(flow_run=flow_run)  # it brings a client of its own
        logger = flow_run_logger(flow_run, flow)
        state = Cancelling(message="The run was cancelled.")
        for hook in flow.on_cancellation_hooks or []:
            name = getattr(hook, "__name__", repr(hook))
            logger.info("Calls the hook %s, because the run was cancelled", name)
            try:
                called = hook(flow, flow_run, state)
                if inspect.isawaitable(called):
                    await called
            except Exception:
                logger.exception("The hook %s failed", name)


if __name__ == "__main__":
    asyncio.run(main())
