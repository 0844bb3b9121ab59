"""How busy queues and pools are."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deployments.models import Worker
from deployments.services.loads import Load, loads_of_queues, pools_in_trouble
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now
from tests.factories import make_flow_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db


def waiting_run(pool, *, minutes=5, name="Scheduled"):
    due = now() - timedelta(minutes=minutes)
    state = State(StateType.SCHEDULED, name=name, details={"scheduled_time": format_time(due)})
    return make_flow_run(state, work_queue=pool.default_queue)


def test_adds_up():
    early, late = now() - timedelta(hours=1), now()

    total = Load(running=1, waiting=2, late=1, oldest_due=late) + Load(running=2, oldest_due=early, done=4)

    assert total == Load(running=3, waiting=2, late=1, oldest_due=early, done=4)
    assert Load() + Load() == Load()


def test_counts_for_each_queue_what_runs_waits_and_was_done():
    pool, other = make_work_pool(), make_work_pool()
    oldest = waiting_run(pool, minutes=30, name="Late")
    waiting_run(pool)
    waiting_run(pool, minutes=-5)
    make_flow_run("RUNNING", work_queue=pool.default_queue)
    make_flow_run("CANCELLING", work_queue=pool.default_queue)
    make_flow_run("COMPLETED", work_queue=pool.default_queue)
    make_flow_run("PENDING", work_queue=other.default_queue)
    make_flow_run("RUNNING")

    loads = loads_of_queues(now())

    assert loads == {
        pool.default_queue_id: Load(running=1, waiting=2, late=1, oldest_due=oldest.next_scheduled_start_time, done=1),
        other.default_queue_id: Load(running=1),
    }
    assert loads_of_queues(now(), [other.default_queue_id]) == {other.default_queue_id: Load(running=1)}


def test_knows_pools_in_trouble():
    lonely = make_work_pool("lonely")
    waiting_run(lonely)
    silent = make_work_pool("silent")
    worker = make_worker(silent)
    Worker.objects.filter(pk=worker.pk).update(last_heartbeat_time=now() - timedelta(seconds=70))
    waiting_run(silent)
    served = make_work_pool("served")
    make_worker(served)
    waiting_run(served)
    waiting_run(make_work_pool("paused", is_paused=True))
    waiting_run(make_work_pool("agents", type="prefect-agent"))
    waiting_run(make_work_pool("later"), minutes=-5)

    assert [pool.name for pool in pools_in_trouble()] == ["lonely", "silent"]


def test_reads_nothing_that_a_queue_has_behind_it():
    with CaptureQueriesContext(connection) as asked:
        loads_of_queues(now())

    plans = [explain(query["sql"]) for query in asked.captured_queries]

    assert len(plans) == 3
    assert "flow_run_state" in " ".join(plans[0])
    assert re.search(r"flow_run_due|Index Cond: .*next_scheduled_start_time", " ".join(plans[1]))
    assert "flow_run_ended" in " ".join(plans[2])
    assert "runs_flowrun_work_queue_id" not in str(plans)


def explain(sql):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            return [row[3] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_seqscan = off")  # tables of tests are too small for an index
        cursor.execute(f"EXPLAIN {sql}")
        return [row[0] for row in cursor.fetchall()]
