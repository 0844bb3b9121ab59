"""The services of deployments. Each does a bounded piece of work and returns how many rows it touched."""

from deployments.services import catch_up as missed_runs
from deployments.services import dispatch, scheduling
from deployments.services import foreman as readiness
from orchestrator.periodic import service
from orchestrator.statements.batches import repeat

SECONDS_AT_A_TIME = 3.0


@service(every_seconds=5, has_work=scheduling.has_due_schedules)
def scheduler() -> int:
    """Plans the runs of schedules ahead."""
    return repeat(scheduling.plan_due_schedules, seconds=SECONDS_AT_A_TIME)


@service(every_seconds=10, has_work=missed_runs.may_skip_runs)
def catch_up() -> int:
    """Skips runs that were missed, where their deployments want it."""
    return repeat(missed_runs.skip_missed_runs, seconds=SECONDS_AT_A_TIME)


@service(every_seconds=1, most_seconds=2, has_work=dispatch.has_due_runs)
def dispatcher() -> int:
    """Wakes workers for the runs that became due just now."""
    return dispatch.dispatch_due_runs()


@service(every_seconds=10, has_work=dispatch.may_be_swept)
def sweeper() -> int:
    """Wakes workers again for runs that are still waiting."""
    dispatch.empty_deserted_queues()
    return dispatch.dispatch_waiting_runs()


@service(every_seconds=15)
def foreman() -> int:
    """Says which workers, queues, pools and deployments are ready."""
    return readiness.look_around()
