"""What the code that executes can find out about its run: `from orchestrator.runtime import flow_run, task_run`.

    flow_run.name, flow_run.parameters, task_run.run_count, deployment.version, …

Outside of a run everything is None or empty. What the process does not know, such as the root run of a subflow, is
asked of the server when it is first looked at. A variable of the environment overrides each value, for tests:
`ORCHESTRATOR__RUNTIME__FLOW_RUN__NAME=…`; lists and dictionaries are given as JSON.
"""

import sys

from orchestrator.runtime import deployment, flow_run, task_run

__all__ = ["deployment", "flow_run", "task_run"]

runtime = sys.modules[__name__]  # the front door asks every module for the name that it offers
