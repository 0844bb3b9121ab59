"""The services of runs. Each does a bounded piece of work and returns how many rows it touched."""

from orchestrator.periodic import service
from orchestrator.statements.batches import repeat
from runs.services import (
    background_losses,
    cancellation,
    claims,
    concurrency_leases,
    concurrency_waits,
    enclosed,
    late,
    pauses,
    zombies,
)
from runs.services import hour_counts as past_hours
from runs.services import lazarus as resurrection
from runs.services.bulk import working
from runs.services.leftovers import clear_leftovers, has_leftovers
from runs.services.retention import delete_what_is_old

SECONDS_AT_A_TIME = 3.0


def _is_anything_lost() -> bool:
    return claims.has_expired_claims() or enclosed.has_late_reports() or background_losses.has_lost_workers()


@service(every_seconds=5, has_work=_is_anything_lost)
def lost_runs() -> int:
    """Begins runs again whose worker stopped renewing its claim."""
    lost = claims.reclaim_lost_runs() + enclosed.crash_what_was_reported_late()
    # Task workers hold background tasks by leases, too.
    return lost + background_losses.take_back_from_the_lost()


@service(every_seconds=5, has_work=zombies.has_silent_runs)
def zombie_killer() -> int:
    """Ends or retries running runs whose heartbeat stopped."""
    return zombies.end_dead_runs() + zombies.end_unheard_runs()


@service(every_seconds=15)
def lazarus() -> int:
    """Schedules runs again that were taken and never began."""
    return resurrection.raise_the_lost()


@service(every_seconds=15)
def repossessor() -> int:
    """Frees the slots of limits whose holders stopped renewing."""
    concurrency_waits.forget_those_over()
    return repeat(concurrency_leases.repossess_expired_leases, seconds=SECONDS_AT_A_TIME)


@service(every_seconds=5, has_work=late.has_late_runs)
def late_runs() -> int:
    """Marks scheduled runs that did not begin in time."""
    return late.mark_late()


@service(every_seconds=5, has_work=pauses.has_expired_pauses)
def pause_expirations() -> int:
    """Lets runs fail whose pause nobody ended in time."""
    return pauses.expire_pauses()


@service(every_seconds=10, has_work=cancellation.has_unfinished_cancellations)
def cancellation_cleanup() -> int:
    """Cancels what cancelled runs left unfinished."""
    return cancellation.cancel_children() + cancellation.time_out_cancelling()


@service(every_seconds=1, has_work=working.has_bulk_work)
def bulk_actions() -> int:
    """Does to many runs what somebody asked for, one after the other."""
    return repeat(working.work_on_bulk_actions, seconds=SECONDS_AT_A_TIME)


@service(every_seconds=5, has_work=has_leftovers)
def leftovers() -> int:
    """Deletes the log lines and artifacts of deleted runs."""
    return repeat(clear_leftovers, seconds=SECONDS_AT_A_TIME)


@service(every_seconds=60)
def hour_counts() -> int:
    """Counts the runs of past hours, for charts that look back for days."""
    past_hours.forget_old_hours()
    return past_hours.check_hours() + repeat(past_hours.count_hours, seconds=SECONDS_AT_A_TIME)


@service(every_seconds=60)
def retention() -> int:
    """Deletes what is kept no longer."""
    return delete_what_is_old()
