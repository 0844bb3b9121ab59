"""One situation for each cause, and what is said of several at once."""

from __future__ import annotations

import pytest

from deployments.models.work_pools import AGENT
from deployments.services.why.causes import explain
from deployments.services.why.explanation import Explanation
from deployments.services.why.situation import (
    HeartbeatFact,
    ParentFact,
    Patience,
    PlacesFact,
    ScheduleFact,
    ServerFact,
    ServiceFact,
    Situation,
)
from orchestrator.contract.ids import uuid7
from tests.deployments.services.why.making import (
    NOW,
    a_claim,
    a_deployment,
    a_holder,
    a_limit,
    a_pool,
    a_queue,
    a_run,
    a_server,
    a_situation,
    a_worker,
    after,
    before,
    full,
)


def codes(situation: Situation, *, certain: bool | None = None) -> list[str]:
    causes = explain(situation).causes
    return [cause.code for cause in causes if certain is None or cause.certain is certain]


def first(situation: Situation):
    return explain(situation).causes[0]


# --- Time


def test_says_when_a_planned_run_is_due():
    cause = first(a_situation(a_run(due=after(minutes=9), auto_scheduled=True, created=before(days=1))))

    assert (cause.code, cause.certain) == ("not_due", True)
    assert "14:39:00 UTC (in 9m 00s)" in cause.summary


def test_foretells_what_will_hold_up_a_run_that_is_not_due_yet():
    situation = a_situation(a_run(due=after(days=2)), pool=a_pool(is_paused=True))

    causes = explain(situation).causes

    assert [(cause.code, cause.certain) for cause in causes] == [("not_due", True), ("pool_paused", False)]


def test_says_after_which_attempt_a_run_is_tried_again():
    run = a_run(state_name="AwaitingRetry", retry_type="in_process", due=after(seconds=40), run_count=1, retries=3)

    cause = first(a_situation(run))

    assert cause.code == "waits_for_retry"
    assert "attempt 1 of 4" in cause.summary
    assert "14:30:40 UTC" in cause.summary


def test_says_that_only_its_process_can_try_a_run_again():
    run = a_run(state_name="AwaitingRetry", retry_type="in_process", due=before(minutes=10), run_count=1, retries=3)

    cause = first(a_situation(run))

    assert cause.code == "retried_in_its_process"
    assert "may have died" in cause.summary


def test_tells_a_run_that_waits_for_a_slot_when_it_tries_again_and_who_has_the_slots():
    run = a_run(state_name="AwaitingConcurrencySlot", due=after(seconds=20))
    limit = a_limit(limit=1, occupied=1, holders=(a_holder("amber-owl"),))

    causes = explain(a_situation(run, limit=limit)).causes

    assert [cause.code for cause in causes] == ["waits_for_slot", "limit_full"]
    assert "amber-owl (Running since 14:02:00 UTC)" in causes[1].summary


def test_says_that_a_run_is_due_just_now():
    cause = first(a_situation(a_run(due=before(seconds=1))))

    assert (cause.code, cause.certain) == ("due_just_now", False)


def test_admits_that_it_knows_no_reason():
    cause = first(a_situation())

    assert cause.code == "unexplained"
    assert cause.action is not None
    assert cause.action.command == "orchestrator doctor"


def test_says_that_a_run_will_be_skipped():
    cause = first(a_situation(will_be_skipped="its deployment runs only the latest of the runs it missed."))

    assert cause.code == "skipped_by_catch_up"


# --- Where it comes from


@pytest.mark.parametrize(
    ("state", "words"),
    [("PAUSED", "runs inside teal-cat, which is Paused"), ("FAILED", "ended as Failed"), (None, "without a state")],
)
def test_says_what_the_parent_of_a_subflow_does(state, words):
    parent = ParentFact(uuid7(), "teal-cat", state, state.capitalize() if state else None, before(minutes=1))
    run = a_run(deployment_id=None, queue_name=None)

    cause = first(a_situation(run, parent=parent, deployment=None, pool=None, queue=None, workers=()))

    assert cause.code == "parent_not_running"
    assert words in cause.summary


def test_lets_the_run_of_a_deployment_go_its_own_way():
    parent = ParentFact(uuid7(), "teal-cat", "COMPLETED", "Completed", before(minutes=1))

    assert "parent_not_running" not in codes(a_situation(parent=parent))


def test_says_that_the_deployment_was_deleted():
    assert first(a_situation(deployment=None)).code == "deployment_deleted"


def test_says_that_nobody_hands_out_a_run_without_a_deployment():
    run = a_run(deployment_id=None, queue_name=None)

    assert first(a_situation(run, deployment=None, pool=None, queue=None, workers=())).code == "no_deployment"


def test_notes_that_the_deployment_is_paused_without_calling_it_the_reason():
    causes = explain(a_situation(deployment=a_deployment(paused=True), pool=a_pool(is_paused=True))).causes

    assert [(cause.code, cause.certain) for cause in causes] == [("pool_paused", True), ("deployment_paused", False)]


@pytest.mark.parametrize(
    ("schedule", "code"),
    [(ScheduleFact(uuid7(), "weekdays", active=False), "schedule_inactive"), (None, "schedule_deleted")],
)
def test_notes_that_the_schedule_plans_no_more_runs(schedule, code):
    run = a_run(auto_scheduled=True, scheduled_by=uuid7())

    assert code in codes(a_situation(run, schedule=schedule), certain=False)


def test_says_by_how_much_the_scheduler_was_late():
    run = a_run(auto_scheduled=True, expected=before(minutes=2), created=before(seconds=80))

    causes = explain(a_situation(run)).causes

    assert [cause.summary for cause in causes if cause.code == "planned_too_late"] == [
        "The scheduler planned it 40 s after its time, at 14:28:40 UTC (1m 20s ago)."
    ]


# --- Programs that serve a deployment without a pool


def without_pool(**facts):
    return a_situation(a_run(queue_name=None), pool=None, queue=None, workers=(), **facts)


def test_says_that_nobody_ever_served_the_deployment():
    cause = first(without_pool())

    assert cause.code == "nobody_serves_deployment"
    assert "has no work pool" in cause.summary


def test_says_since_when_nobody_serves_the_deployment():
    cause = first(without_pool(deployment=a_deployment(last_polled=before(minutes=28), paused=True)))

    assert cause.code == "nobody_serves_deployment"
    assert "14:02:00 UTC" in cause.summary
    assert "is paused" in cause.summary


def test_waits_for_the_program_that_serves_the_deployment():
    situation = without_pool(deployment=a_deployment(last_polled=before(seconds=8)))

    assert codes(situation)[0] == "waits_for_runner"


# --- Pools, queues, workers


def test_says_that_the_pool_is_paused_and_how_to_resume_it():
    cause = first(a_situation(pool=a_pool(name="my pool", is_paused=True)))

    assert cause.code == "pool_paused"
    assert cause.action.command == "orchestrator work-pool resume 'my pool'"


def test_says_that_the_queue_is_paused_and_how_to_resume_it():
    cause = first(a_situation(queue=a_queue(name="slow", is_paused=True)))

    assert cause.code == "queue_paused"
    assert cause.action.command == "orchestrator work-queue resume slow --pool cluster"


def test_says_that_the_queue_was_deleted():
    situation = a_situation(a_run(queue_name="gone"), pool=None, queue=None, workers=())

    assert first(situation).code == "queue_deleted"


def test_says_that_no_worker_ever_served_the_pool():
    cause = first(a_situation(workers=()))

    assert cause.code == "no_worker_online"
    assert "ever served" in cause.summary
    assert cause.action.command == "orchestrator worker start --pool cluster"


def test_says_since_when_no_worker_is_online_and_which_was_the_last():
    gone = a_worker(name="w-7", online=False, last_heartbeat=before(minutes=28))
    older = a_worker(name="w-1", online=False, last_heartbeat=before(days=2))

    cause = first(a_situation(workers=(gone, older)))

    assert cause.summary.startswith("No worker of work pool cluster is online since 14:02:00 UTC: w-7")
    assert cause.since == before(minutes=28)


def test_names_the_command_of_somebody_elses_worker():
    situation = a_situation(pool=a_pool(type="docker"), queue=a_queue(name="a b", is_default=False), workers=())

    assert first(situation).code == "no_worker_online"
    assert first(a_situation(pool=a_pool(type="docker"), workers=())).action.command == (
        "prefect worker start --pool cluster"
    )


def test_takes_whoever_asks_a_foreign_queue_for_a_worker():
    situation = a_situation(pool=a_pool(type="process"), queue=a_queue(last_polled=before(seconds=5)), workers=())

    assert codes(situation)[0] == "waits_to_be_polled"


def test_says_that_no_agent_asks():
    situation = a_situation(pool=a_pool(type=AGENT), queue=a_queue(last_polled=before(hours=1)), workers=())

    assert first(situation).code == "queue_not_polled"


def test_says_that_the_workers_serve_other_queues():
    queue = a_queue(name="slow", is_default=False)

    cause = first(a_situation(queue=queue, workers=(a_worker(queues=frozenset({"fast"})),)))

    assert (cause.code, cause.certain) == ("no_worker_for_queue", True)
    assert cause.action.command == "orchestrator worker start --pool cluster --queue slow"


def test_says_that_a_foreign_queue_is_not_asked_for():
    situation = a_situation(pool=a_pool(type="process"), queue=a_queue(last_polled=before(minutes=5)))

    assert codes(situation)[0] == "no_worker_for_queue"


def test_says_that_a_worker_lost_its_broker():
    cause = first(a_situation(workers=(a_worker(consuming=False, last_probe=before(minutes=28)),)))

    assert cause.code == "worker_does_not_consume"
    assert "since 14:02:00 UTC" in cause.summary


def test_trusts_a_worker_that_still_consumes():
    workers = (a_worker(consuming=False), a_worker(name="w-2", consuming=True))

    assert "worker_does_not_consume" not in codes(a_situation(workers=workers))


def test_says_that_the_pool_is_full_and_of_whom():
    cause = first(a_situation(pool=a_pool(places=full(5))))

    assert cause.code == "pool_full"
    assert cause.summary.startswith("Work pool cluster is full: 5 of 5 runs are under way. Held by run-0 (Running")
    assert cause.summary.endswith("and 2 more.")
    assert [holder.name for holder in cause.held_by] == [f"run-{number}" for number in range(5)]


def test_says_that_the_queue_is_full():
    cause = first(a_situation(queue=a_queue(name="slow", places=full(1))))

    assert cause.code == "queue_full"
    assert "slow" in cause.action.command


def test_does_not_call_a_pool_with_a_free_place_full():
    assert "pool_full" not in codes(a_situation(pool=a_pool(places=PlacesFact(2, 1))))


def test_says_that_every_worker_is_busy():
    workers = (
        a_worker(places=2, runs=(a_holder("a", since=before(minutes=5)), a_holder("b", since=before(minutes=3)))),
        a_worker(name="w-2", places=1, runs=(a_holder("c", since=before(minutes=4)),)),
    )

    cause = first(a_situation(workers=workers))

    assert cause.code == "workers_busy"
    assert "2 workers of work pool cluster execute 3 runs at a time. Held by a (Running" in cause.summary
    assert [holder.name for holder in cause.held_by] == ["a", "c", "b"]


def test_counts_what_comes_first():
    situation = a_situation(
        queue=a_queue(ahead=4, ahead_elsewhere=1), workers=(a_worker(places=1, runs=(a_holder(),)),)
    )

    causes = explain(situation).causes

    assert [cause.code for cause in causes] == ["workers_busy", "higher_priority_ahead", "runs_ahead"]
    assert "1 due run in queues" in causes[1].summary
    assert "4 runs" in causes[2].summary


# --- Limits


def test_says_who_has_the_slots_of_the_deployment():
    cause = first(a_situation(limit=a_limit(limit=1, occupied=1, holders=(a_holder("amber-owl"),))))

    assert cause.code == "limit_full"
    assert cause.summary == (
        "Concurrency limit database, which its deployment shares, is full: 1 of 1 slot taken. "
        "Held by amber-owl (Running since 14:02:00 UTC). It waits until one is free."
    )
    assert cause.action.command == "orchestrator concurrency-limit inspect database"


def test_says_that_a_run_without_a_slot_is_cancelled():
    cause = first(a_situation(limit=a_limit(occupied=1, cancels_new=True, shared=False)))

    assert "is cancelled" in cause.summary
    assert cause.summary.startswith("Its deployment's limit")


def test_says_that_a_limit_lets_nothing_pass():
    assert first(a_situation(limit=a_limit(limit=0))).code == "limit_closed"


# --- The server itself


def test_says_that_no_services_run():
    situation = a_situation(server=a_server(dispatcher=40, sweeper=30, scheduler=20))

    cause = first(situation)

    assert (cause.code, cause.certain) == ("no_services_running", True)
    assert "14:29:39 UTC" in cause.summary


def test_says_which_service_is_overdue():
    situation = a_situation(server=a_server(dispatcher=40, sweeper=0, scheduler=0))

    assert codes(situation)[0] == "service_overdue"
    assert "dispatcher is 40 s overdue" in first(situation).summary


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (ServiceFact("sweeper", enabled=False), "is switched off"),
        (ServiceFact("sweeper", last_finished_at=NOW, last_error="OSError: disk full"), "fails: OSError: disk full"),
    ],
)
def test_says_what_is_wrong_with_a_service(service, words):
    well = ServiceFact("dispatcher", last_finished_at=NOW)
    server = ServerFact(before(days=1), {"sweeper": service, "dispatcher": well})

    assert words in first(a_situation(server=server)).summary


def test_does_not_ask_for_our_services_where_others_poll():
    situation = a_situation(
        pool=a_pool(type="process"),
        queue=a_queue(last_polled=before(seconds=3)),
        server=a_server(dispatcher=40, sweeper=40),
    )

    assert "no_services_running" not in codes(situation)


def test_says_that_the_server_was_away_when_the_run_was_due():
    server = ServerFact(before(seconds=20), a_server(dispatcher=0, sweeper=0).services)

    assert codes(a_situation(server=server))[0] == "server_was_away"


# --- Under way


def test_says_who_took_a_pending_run():
    cause = first(a_situation(a_run("PENDING"), claims=(a_claim(),)))

    assert cause.code == "claimed"
    assert "Worker w-1 took it at 14:29:40 UTC (20 s ago) (attempt 1)" in cause.summary
    assert "14:30:10 UTC" in cause.summary


def test_says_that_the_worker_which_took_it_is_silent():
    cause = first(a_situation(a_run("PENDING"), claims=(a_claim(lease_expires_at=before(seconds=5)),)))

    assert cause.code == "claim_lost"


def test_says_how_long_a_foreign_worker_has_had_it():
    situation = a_situation(
        a_run("PENDING", state_name="Submitting", infrastructure="pod-7"),
        pool=a_pool(type="kubernetes"),
        patience=Patience(begin=600),
        rescues=1,
    )

    cause = first(situation)

    assert cause.code == "submitted"
    assert "as pod-7 and has been Submitting for 2m 00s" in cause.summary
    assert "back in line at 14:38:00 UTC (in 8m 00s), as was done 1 of 3 times already." in cause.summary


def test_says_that_it_waits_in_its_process():
    run = a_run("PENDING", details={"scheduled_time": "2026-11-21T14:30:06Z"})

    assert first(a_situation(run)).code == "waits_in_its_process"


def test_says_that_its_program_prepares_it():
    run = a_run("PENDING", deployment_id=None)

    assert first(a_situation(run, deployment=None, pool=None, queue=None)).code == "prepared_by_its_program"


def test_counts_the_attempts_that_were_lost():
    claims = (
        a_claim(attempt=3),
        a_claim(attempt=2, held=False, lost=True, reason="Its process was killed"),
        a_claim(attempt=1, held=False, lost=True, reason="earlier"),
    )

    causes = explain(a_situation(a_run("PENDING"), claims=claims)).causes

    assert [cause.code for cause in causes] == ["claimed", "attempts_were_lost"]
    assert causes[1].summary.startswith("2 attempts ended without a result, of 3 at most.")
    assert "Its process was killed" in causes[1].summary


def test_says_where_a_run_runs():
    cause = first(a_situation(a_run("RUNNING"), claims=(a_claim(),)))

    assert cause.code == "running"
    assert cause.summary.startswith("It runs on worker w-1 since 14:28:00 UTC (2m 00s ago).")


def test_says_when_the_process_last_told_of_itself():
    beat = HeartbeatFact(before(seconds=30), after(seconds=30), " (process 12 on host)")

    cause = first(a_situation(a_run("RUNNING"), heartbeat=beat))

    assert cause.code == "running"
    assert "Its process (process 12 on host) gave a sign of life at 14:29:30 UTC" in cause.summary


def test_says_that_the_process_is_silent():
    beat = HeartbeatFact(before(minutes=3), before(minutes=1))

    assert first(a_situation(a_run("RUNNING"), heartbeat=beat)).code == "process_is_silent"


def test_says_that_the_worker_of_a_running_run_is_silent():
    claims = (a_claim(lease_expires_at=before(seconds=5)),)

    assert first(a_situation(a_run("RUNNING"), claims=claims)).code == "claim_lost"


@pytest.mark.parametrize(
    ("details", "code", "words"),
    [
        ({"pause_timeout": "2026-11-21T14:35:00Z"}, "paused", "unless it is resumed by 14:35:00 UTC"),
        ({"pause_timeout": "2026-11-21T14:25:00Z"}, "paused", "should have failed"),
        ({"pause_reschedule": True}, "suspended", "no process executes it"),
        ({"run_input_keyset": {"response": "x"}}, "paused", "waits for somebody to give it input"),
    ],
)
def test_says_what_a_pause_waits_for(details, code, words):
    cause = first(a_situation(a_run("PAUSED", details=details)))

    assert cause.code == code
    assert words in cause.summary


def test_says_who_is_to_stop_a_run_and_until_when():
    cause = first(a_situation(a_run("CANCELLING"), claims=(a_claim(),)))

    assert cause.code == "cancelling"
    assert "Worker w-1 is to stop it" in cause.summary
    assert "cancelled at 14:33:00 UTC" in cause.summary


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"])
def test_says_how_a_run_ended(state):
    cause = first(a_situation(a_run(state, message="boom")))

    assert cause.code == "ended"
    assert cause.summary == f"It is {state.capitalize()}: boom"
    assert (cause.action is None) == (state == "COMPLETED")


def test_says_that_a_run_has_no_state():
    assert first(a_situation(a_run(None))).code == "no_state"


# --- Several at once


def test_puts_first_what_has_to_go_first():
    situation = a_situation(
        pool=a_pool(is_paused=True, places=full(1)),
        queue=a_queue(name="slow", is_paused=True, ahead=3),
        workers=(),
        limit=a_limit(occupied=1),
        server=a_server(dispatcher=40, sweeper=40),
    )

    assert codes(situation) == [
        "pool_paused",
        "queue_paused",
        "no_worker_online",
        "limit_full",
        "pool_full",
        "runs_ahead",
        "no_services_running",
    ]


def test_begins_with_how_late_it_is():
    explanation: Explanation = explain(a_situation(pool=a_pool(is_paused=True)))

    assert explanation.overdue_seconds == 120
    assert explanation.summary == "2m 00s late. Work pool cluster is paused: none of its runs begins."


def test_does_not_call_a_run_late_that_is_due_just_now():
    explanation = explain(a_situation(a_run(due=before(seconds=3)), pool=a_pool(is_paused=True)))

    assert explanation.summary.startswith("Work pool cluster is paused")
