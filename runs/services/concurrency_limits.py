"""Limits: made, changed, deleted, and set back by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from orchestrator.contract.events import resource
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from runs.errors import ConcurrencyLimitExists, ConcurrencyLimitNotFound
from runs.models import ConcurrencyLimit, ConcurrencySlot
from runs.models.concurrency_limits import TAG_PREFIX
from runs.services.concurrency_slots import HolderType, store_lease
from runs.services.once import find_or_create

EVER = 100 * 365 * 86_400.0  # seconds of a lease that nobody renews


@dataclass(frozen=True, slots=True)
class ByIdOrName:
    """Which limit is meant."""

    id: UUID | None = None
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> ByIdOrName:
        try:
            return cls(id=UUID(text))
        except ValueError:
            return cls(name=text)

    @classmethod
    def of_tag(cls, tag: str) -> ByIdOrName:
        return cls(name=f"{TAG_PREFIX}{tag}")

    def columns(self) -> dict[str, Any]:
        return {"name": self.name} if self.id is None else {"pk": self.id}


def get_limit(which: ByIdOrName) -> ConcurrencyLimit:
    """Raises ConcurrencyLimitNotFound."""
    limit = ConcurrencyLimit.objects.filter(**which.columns()).first()
    if limit is None:
        raise ConcurrencyLimitNotFound
    return limit


def get_limit_of_tag(tag: str) -> ConcurrencyLimit:
    """Raises ConcurrencyLimitNotFound."""
    return get_limit(ByIdOrName.of_tag(tag))


def get_tag_limit(limit_id: UUID) -> ConcurrencyLimit:
    """One that is for a tag. Raises ConcurrencyLimitNotFound."""
    limit = get_limit(ByIdOrName(id=limit_id))
    if limit.tag is None:
        raise ConcurrencyLimitNotFound
    return limit


def create_limit(*, name: str, limit: int, **columns: Any) -> ConcurrencyLimit:
    """`columns` may hold active, slot_decay_per_second, denied_slots, and active_slots to begin with.

    Raises ConcurrencyLimitExists.
    """
    made = ConcurrencyLimit(name=name, limit=limit, counted_slots=columns.pop("active_slots", 0), **columns)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            _emit(made, "created")
    except IntegrityError:
        raise ConcurrencyLimitExists(f"There is a concurrency limit named {name!r} already.") from None
    return made


def update_limit(*, which: ByIdOrName, changes: dict[str, Any]) -> ConcurrencyLimit:
    """Set columns, or with active_slots how many slots are in use. Raises ConcurrencyLimitNotFound and …Exists."""
    changes = dict(changes)
    at = now()
    try:
        with transaction.atomic():
            limit = _locked(get_limit(which).pk)
            if "slot_decay_per_second" in changes:
                limit.count(0, at)  # what has decayed at the old rate stays decayed
            if "active_slots" in changes:
                _count_all(limit)
                limit.counted_slots, limit.counted_at = changes.pop("active_slots"), at
            if "denied_slots" in changes:
                limit.denied_at = at
            for column, value in changes.items():
                setattr(limit, column, value)
            limit.save()
            _emit(limit, "updated")
    except IntegrityError:
        raise ConcurrencyLimitExists(f"There is a concurrency limit named {changes['name']!r} already.") from None
    return limit


def delete_limit(*, which: ByIdOrName) -> None:
    """Whoever holds slots of it goes on, unlimited. Raises ConcurrencyLimitNotFound."""
    with transaction.atomic():
        limit = _locked(get_limit(which).pk)
        _emit(limit, "deleted")
        limit.delete()


def apply_tag_limit(*, tag: str, limit: int) -> tuple[ConcurrencyLimit, bool]:
    """The limit of the tag, now of this size, and whether it is new."""
    name = f"{TAG_PREFIX}{tag}"
    found, created = find_or_create(
        find=lambda: ConcurrencyLimit.objects.filter(name=name).first(),
        create=lambda: create_limit(name=name, limit=limit),
    )
    if not created:
        found = update_limit(which=ByIdOrName(id=found.pk), changes={"limit": limit})
    return found, created


def reset_tag_limit(*, tag: str, task_run_ids: Iterable[UUID] = ()) -> None:
    """Free every slot, then give one to each of these task runs. Raises ConcurrencyLimitNotFound."""
    at = now()
    with transaction.atomic():
        limit = _locked(get_limit_of_tag(tag).pk)
        ConcurrencySlot.objects.filter(limit=limit).delete()
        limit.counted_slots, limit.counted_at = 0, at
        for task_run_id in dict.fromkeys(task_run_ids):
            store_lease(
                limits=[limit], slots=1, seconds=EVER, at=at, holder_type=HolderType.TASK_RUN, holder_id=task_run_id
            )
        limit.save()


def _locked(limit_id: UUID) -> ConcurrencyLimit:
    limit = ConcurrencyLimit.objects.filter(pk=limit_id).locked().first()
    if limit is None:
        raise ConcurrencyLimitNotFound
    return limit


def _count_all(limit: ConcurrencyLimit) -> None:
    """From now on the slots of leases are only counted: somebody says how many there are, whoever holds them."""
    ConcurrencySlot.objects.filter(limit=limit).update(counted=True)


def _emit(limit: ConcurrencyLimit, what: str) -> None:
    emit(
        event=f"prefect.concurrency-limit.{what}",
        resource=resource("concurrency-limit", limit.pk, name=limit.name),
        payload={
            "name": limit.name,
            "limit": limit.limit,
            "active": limit.active,
            "slot_decay_per_second": limit.slot_decay_per_second,
        },
    )
