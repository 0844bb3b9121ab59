"""Leases on slots, and what becomes of those that nobody renews."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.times import now
from runs.errors import LeaseNotHeld, TagLimitReached
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot
from runs.services import concurrency_leases
from runs.services.concurrency_leases import (
    renew_lease,
    repossess_expired_leases,
    return_lease,
    return_slots_of_tags,
    take_slots_of_tags,
)
from runs.services.concurrency_limits import reset_tag_limit
from runs.services.concurrency_slots import lease_slots
from tests.factories import make_flow_run, make_task_run
from tests.runs.services.test_concurrency_slots import in_use, make_limit

pytestmark = pytest.mark.django_db


def lease(*names, slots=1):
    return lease_slots(names=names, slots=slots, seconds=60.0).lease_id


def let_expire(*lease_ids):
    ConcurrencyLease.objects.filter(pk__in=lease_ids).update(expires_at=now() - timedelta(seconds=1))


class TestRenewing:
    def test_moves_the_end_of_the_lease(self):
        make_limit()
        lease_id = lease("x")

        renew_lease(lease_id=lease_id, seconds=600.0)

        left = ConcurrencyLease.objects.get(pk=lease_id).expires_at - now()
        assert 590 < left.total_seconds() <= 600

    def test_touches_the_lease_alone(self, django_assert_num_queries):
        make_limit()
        lease_id = lease("x")

        with django_assert_num_queries(1):
            renew_lease(lease_id=lease_id, seconds=60.0)

    def test_is_refused_once_the_lease_has_expired(self):
        make_limit()
        lease_id = lease("x")
        let_expire(lease_id)

        with pytest.raises(LeaseNotHeld):
            renew_lease(lease_id=lease_id, seconds=60.0)

    def test_is_refused_for_an_unknown_lease(self):
        with pytest.raises(LeaseNotHeld):
            renew_lease(lease_id=uuid4(), seconds=60.0)

    def test_goes_on_for_a_lease_on_nothing(self):
        renew_lease(lease_id=lease("unknown"), seconds=60.0)


class TestGivingBack:
    def test_frees_the_slots_of_every_limit(self):
        a, b = make_limit("a"), make_limit("b")
        lease_id = lease("a", "b")

        return_lease(lease_id=lease_id)

        assert (in_use(a), in_use(b)) == (0, 0)

    def test_counts_once_however_often_it_is_done(self):
        limit = make_limit(counted_slots=1)
        lease_id = lease("x")

        return_lease(lease_id=lease_id)
        return_lease(lease_id=lease_id)

        assert in_use(limit) == 1

    def test_learns_for_how_long_the_slot_was_held(self):
        limit = make_limit(limit=1)
        lease_id = lease("x")
        ConcurrencyLease.objects.filter(pk=lease_id).update(taken_at=now() - timedelta(seconds=10))

        return_lease(lease_id=lease_id)

        # One of two samples: (2 + 10) / 2 seconds.
        limit.refresh_from_db()
        assert limit.avg_slot_occupancy_seconds == pytest.approx(6.0, abs=0.1)


class TestRepossession:
    def test_ends_what_expired_and_leaves_the_rest(self):
        make_limit(limit=5)
        gone, held = lease("x"), lease("x")
        let_expire(gone)

        ended = repossess_expired_leases()

        assert ended == 1
        assert list(ConcurrencyLease.objects.values_list("pk", flat=True)) == [held]

    def test_frees_what_is_only_counted(self):
        limit = make_limit(limit=5, slot_decay_per_second=0.0001)
        let_expire(lease("x", slots=3))

        repossess_expired_leases()

        assert in_use(limit) == 0

    def test_does_one_batch(self, monkeypatch):
        monkeypatch.setattr(concurrency_leases, "BATCH", 2)
        make_limit(limit=5)
        let_expire(*[lease("x") for _ in range(5)])

        assert [repossess_expired_leases() for _ in range(4)] == [2, 2, 1, 0]

    def test_costs_two_questions_when_there_is_nothing_to_do(self, django_assert_num_queries):
        with django_assert_num_queries(2):
            repossess_expired_leases()

    def test_ends_what_a_task_run_left_behind(self):
        make_limit("tag:a", 5)
        running, ended = make_task_run("RUNNING"), make_task_run("COMPLETED")
        for run in (running, ended):
            row = ConcurrencyLease.objects.create(task_run=run, holder_type="task_run", holder_id=run.pk)
            ConcurrencySlot.objects.create(lease=row, limit=ConcurrencyLimit.objects.get(), slots=1)

        repossess_expired_leases()

        assert [lease.task_run for lease in ConcurrencyLease.objects.all()] == [running]

    def test_ends_what_a_flow_run_left_behind(self):
        running, ended = make_flow_run("RUNNING"), make_flow_run("CRASHED")
        for run in (running, ended):
            ConcurrencyLease.objects.create(flow_run=run)

        repossess_expired_leases()

        assert [lease.flow_run for lease in ConcurrencyLease.objects.all()] == [running]


class TestTagsByTaskRun:
    def test_are_taken_and_given_back_by_the_task_run(self):
        limit = make_limit("tag:a", 1)
        run_id = uuid4()

        take_slots_of_tags(tags=["a", "unknown"], task_run_id=run_id)
        taken = in_use(limit)
        return_slots_of_tags(tags=["a"], task_run_id=run_id)

        assert (taken, in_use(limit)) == (1, 0)

    def test_are_not_taken_from_another(self):
        limit = make_limit("tag:a", 1)
        take_slots_of_tags(tags=["a"], task_run_id=uuid4())

        with pytest.raises(TagLimitReached) as refusal:
            take_slots_of_tags(tags=["a"], task_run_id=uuid4())
        return_slots_of_tags(tags=["a"], task_run_id=uuid4())

        assert (refusal.value.seconds, in_use(limit)) == (10.0, 1)

    def test_are_never_taken_of_a_limit_of_nought(self):
        make_limit("tag:a", 0)

        with pytest.raises(TagLimitReached, match="is 0 and will deadlock") as refusal:
            take_slots_of_tags(tags=["a"], task_run_id=uuid4())

        assert refusal.value.seconds is None

    def test_are_set_back_by_hand(self):
        limit, other = make_limit("tag:a", 3, counted_slots=1), make_limit("tag:b", 3)
        lease("tag:a", "tag:b")
        holder = uuid4()

        reset_tag_limit(tag="a", task_run_ids=[holder])

        assert (in_use(limit), in_use(other)) == (1, 1)
        assert ConcurrencyLease.objects.filter(holder_id=holder).count() == 1


def test_frees_the_slots_of_deleted_runs():
    limit = make_limit(limit=5)
    for run in (make_flow_run("RUNNING"), make_task_run("RUNNING")):
        row = ConcurrencyLease.objects.create(**{"flow_run" if run._meta.model_name == "flowrun" else "task_run": run})
        ConcurrencySlot.objects.create(lease=row, limit=limit, slots=1)
        run.delete()

    assert in_use(limit) == 0
