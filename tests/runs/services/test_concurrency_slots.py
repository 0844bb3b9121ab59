"""Slots of limits, counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from orchestrator.contract.times import now
from runs.errors import NotARateLimit, SlotsNotFree, TooManySlots
from runs.models import ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot
from runs.orchestration.waiting import spread
from runs.services.concurrency_leases import return_lease
from runs.services.concurrency_slots import lease_slots, return_slots, take_slots

pytestmark = pytest.mark.django_db


def make_limit(name="x", limit=2, **columns):
    return ConcurrencyLimit.objects.create(name=name, limit=limit, **columns)


def in_use(limit):
    limit.refresh_from_db()
    at = now()
    return limit.counted(at) + ConcurrencySlot.objects.in_use([limit.pk], at).get(limit.pk, 0)


def lease(*names, slots=1, seconds=60.0):
    return lease_slots(names=names, slots=slots, seconds=seconds)


def let_pass(limit, seconds):
    """As if the limit had last been touched so many seconds earlier."""
    limit.refresh_from_db()
    limit.counted_at -= timedelta(seconds=seconds)
    limit.denied_at -= timedelta(seconds=seconds)
    limit.save()


class TestTaking:
    def test_counts_what_is_leased(self):
        limit = make_limit()

        taken = lease("x")

        assert (taken.limits, in_use(limit)) == ([limit], 1)

    def test_takes_none_when_one_of_several_is_full(self):
        full, free = make_limit("full", 1), make_limit("free", 1)
        lease("full")

        with pytest.raises(SlotsNotFree):
            lease("full", "free")

        assert (in_use(full), in_use(free)) == (1, 0)

    def test_passes_over_what_does_not_exist_or_is_not_active(self):
        limit = make_limit(limit=1, active=False)
        lease("x")

        taken = lease("x", "unknown")

        assert taken.limits == [limit]
        assert in_use(limit) == 0

    def test_refuses_more_than_there_are(self):
        make_limit(limit=2)

        with pytest.raises(TooManySlots):
            lease("x", slots=3)

    def test_refuses_a_rate_limit_whose_slots_never_become_free(self):
        make_limit()

        with pytest.raises(NotARateLimit):
            take_slots(names=["x"], slots=1, rate_limit=True)

    def test_counts_leases_and_slots_without_one_together(self):
        make_limit(limit=2)
        lease("x")
        take_slots(names=["x"], slots=1)

        with pytest.raises(SlotsNotFree):
            take_slots(names=["x"], slots=1)

    def test_forgets_a_lease_at_the_moment_it_expires(self):
        limit = make_limit(limit=1)
        held = lease("x")
        ConcurrencyLease.objects.filter(pk=held.lease_id).update(expires_at=now())

        lease("x")

        assert in_use(limit) == 1


class TestDecay:
    # Of three slots at two a second: 3 - floor(2 × 0.4) = 3, 3 - floor(2 × 0.6) = 2, 3 - floor(2 × 9) < 0.
    @pytest.mark.parametrize(("seconds", "left"), [(0.4, 3), (0.6, 2), (9, 0)])
    def test_frees_whole_slots(self, seconds, left):
        limit = make_limit(limit=3, slot_decay_per_second=2.0)
        take_slots(names=["x"], slots=3, rate_limit=True)

        let_pass(limit, seconds)

        assert in_use(limit) == left

    def test_does_not_lose_the_part_of_a_slot_that_had_decayed_when_another_is_taken(self):
        limit = make_limit(limit=10, slot_decay_per_second=1.0)
        take_slots(names=["x"], slots=5)
        let_pass(limit, 1.6)
        take_slots(names=["x"], slots=1)

        let_pass(limit, 0.5)

        # 5 - 1 + 1, and another one after 0.6 + 0.5 seconds.
        assert in_use(limit) == 4

    def test_frees_leased_slots_too(self):
        limit = make_limit(limit=1, slot_decay_per_second=1.0)
        held = lease("x")
        let_pass(limit, 1.1)
        lease("x")

        return_lease(lease_id=held.lease_id)

        # As the contract counts: what is given back was not there any more, and the other's slot goes for it.
        assert in_use(limit) == 0

    def test_stands_a_rate_beyond_all_measure(self):
        limit = make_limit(limit=1, slot_decay_per_second=1e308)
        take_slots(names=["x"], slots=1)
        let_pass(limit, 1000)

        assert in_use(limit) == 0


class TestGivingBack:
    def test_never_counts_below_nothing(self):
        limit = make_limit()
        take_slots(names=["x"], slots=1)

        return_slots(names=["x"], slots=5)

        assert in_use(limit) == 0

    def test_takes_from_leases_what_was_not_counted(self):
        limit = make_limit(limit=3)
        held = lease("x", slots=2)

        return_slots(names=["x"], slots=1)
        before = in_use(limit)
        return_lease(lease_id=held.lease_id)

        assert (before, in_use(limit)) == (1, 0)

    def test_learns_for_how_long_slots_are_held(self):
        limit = make_limit(limit=2)

        return_slots(names=["x"], slots=2, occupancy_seconds=12.0)

        # One of four samples: 2 + (12 / 2 - 2) / 4 seconds.
        limit.refresh_from_db()
        assert limit.avg_slot_occupancy_seconds == pytest.approx(3.0)

    def test_stands_a_limit_of_nought(self):
        limit = make_limit(limit=0)

        assert return_slots(names=["x"], slots=1, occupancy_seconds=1.0) == [limit]


class TestHowLongToWait:
    def wait(self, name="x", slots=1):
        with pytest.raises(SlotsNotFree) as refusal:
            take_slots(names=[name], slots=slots)
        return refusal.value.seconds

    def test_is_about_as_long_as_slots_are_held(self):
        make_limit(limit=2, counted_slots=2, avg_slot_occupancy_seconds=8.0)

        # 8 × 1 / 2 seconds, give or take.
        assert 3.0 <= self.wait() <= 5.2

    def test_grows_with_those_who_wait(self):
        make_limit(limit=1, counted_slots=1, avg_slot_occupancy_seconds=4.0)
        self.wait()
        self.wait()

        # 4 × (1 + 2) / 1 seconds.
        assert 9.0 <= self.wait() <= 15.6

    @pytest.mark.parametrize(("name", "longest"), [("x", 30.0), ("tag:x", 10.0)])
    def test_is_never_very_long(self, name, longest):
        make_limit(name, limit=1, counted_slots=1, avg_slot_occupancy_seconds=3600.0)

        assert 0.75 * longest <= self.wait(name) <= 1.3 * longest

    def test_follows_the_decay_of_a_rate_limit(self):
        make_limit(limit=1, counted_slots=1, slot_decay_per_second=0.01)

        # 1 / 0.01 seconds, however long that is.
        assert 75.0 <= self.wait() <= 130.0

    def test_forgets_those_who_were_refused_long_ago(self):
        limit = make_limit(limit=1, counted_slots=1, avg_slot_occupancy_seconds=4.0)
        self.wait()

        let_pass(limit, 4.1)

        assert self.wait() <= 5.2

    def test_is_spread_around_the_average(self):
        waits = [spread(10.0) for _ in range(2000)]

        assert all(7.5 <= wait <= 13.0 for wait in waits)
        assert sum(waits) / len(waits) == pytest.approx(10.0, rel=0.05)


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    ASKERS = 12

    def at_once(self, ask):
        start = Barrier(self.ASKERS)

        def one(number):
            try:
                start.wait()
                return ask(number)
            except SlotsNotFree:
                return None
            finally:
                connection.close()

        with ThreadPoolExecutor(self.ASKERS) as pool:
            return [got for got in pool.map(one, range(self.ASKERS)) if got is not None]

    def test_leases_no_more_than_there_are(self):
        limit = make_limit(limit=3)

        got = self.at_once(lambda number: lease("x"))

        assert (len(got), in_use(limit)) == (3, 3)

    def test_counts_no_more_than_there_are(self):
        limit = make_limit(limit=3)

        got = self.at_once(lambda number: take_slots(names=["x"], slots=1))

        assert (len(got), in_use(limit)) == (3, 3)

    def test_takes_several_limits_in_any_order_without_waiting_for_ever(self):
        a, b = make_limit("a", 4), make_limit("b", 5)

        got = self.at_once(lambda number: lease(*(["a", "b"] if number % 2 else ["b", "a"])))

        assert (len(got), in_use(a), in_use(b)) == (4, 4, 4)

    def test_gives_a_lease_back_once(self):
        limit = make_limit(limit=3, counted_slots=1)
        held = lease("x", slots=2)

        self.at_once(lambda number: return_lease(lease_id=held.lease_id))

        assert in_use(limit) == 1

    def test_holds_the_limit_while_slots_come_and_go(self):
        limit = make_limit(limit=2)

        def take_and_return(number):
            for _ in range(5):
                try:
                    held = lease("x")
                except SlotsNotFree:
                    continue
                assert in_use(ConcurrencyLimit(pk=limit.pk)) <= 2
                return_lease(lease_id=held.lease_id)
            return uuid4()

        assert len(self.at_once(take_and_return)) == self.ASKERS
        assert in_use(limit) == 0
