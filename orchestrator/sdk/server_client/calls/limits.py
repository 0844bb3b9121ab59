"""Concurrency limits, by name and of tags. In flows there are `concurrency` and `rate_limit` to use them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from orchestrator.sdk.errors import ObjectNotFound
from orchestrator.sdk.server_client.bodies import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, said
from orchestrator.sdk.server_client.records import ConcurrencyLimit


class LimitCalls(Calls):
    """What can be asked about concurrency limits."""

    def create_global_concurrency_limit(self, concurrency_limit: Given) -> UUID:
        """Make a limit: a GlobalConcurrencyLimitCreate, or a dict of its fields. Raises ObjectAlreadyExists."""
        body = GlobalConcurrencyLimitCreate.of(concurrency_limit, name="concurrency_limit").model_dump()
        return self._made("/v2/concurrency_limits/", body)

    def read_global_concurrency_limit_by_name(self, name: str) -> ConcurrencyLimit:
        """The limit. Raises ObjectNotFound."""
        return self._one(ConcurrencyLimit, "GET", f"/v2/concurrency_limits/{part(name)}")

    def read_global_concurrency_limits(self, limit: int = 10, offset: int = 0) -> list[ConcurrencyLimit]:
        """The limits."""
        return self._many(ConcurrencyLimit, "POST", "/v2/concurrency_limits/filter", said(limit=limit, offset=offset))

    def update_global_concurrency_limit(self, name: str, concurrency_limit: Given) -> None:
        """Change what is given: a GlobalConcurrencyLimitUpdate, or a dict of its fields. Raises ObjectNotFound."""
        body = GlobalConcurrencyLimitUpdate.of(concurrency_limit, name="concurrency_limit").model_dump()
        self._done("PATCH", f"/v2/concurrency_limits/{part(name)}", body)

    def upsert_global_concurrency_limit_by_name(
        self, name: str, limit: int, slot_decay_per_second: float | None = None
    ) -> None:
        """Make the limit, or give the one that is there this number of slots."""
        changes = said(limit=limit, slot_decay_per_second=slot_decay_per_second)
        try:
            self.update_global_concurrency_limit(name, changes)
        except ObjectNotFound:
            self.create_global_concurrency_limit({"name": name, **changes})

    def delete_global_concurrency_limit_by_name(self, name: str) -> None:
        """Delete the limit. Raises ObjectNotFound."""
        self._done("DELETE", f"/v2/concurrency_limits/{part(name)}")

    def create_concurrency_limit(self, tag: str, concurrency_limit: int) -> UUID:
        """Let at most so many tasks with this tag run at once; a limit that is there gets this number."""
        return self._made("/concurrency_limits/", {"tag": tag, "concurrency_limit": concurrency_limit})

    def read_concurrency_limit_by_tag(self, tag: str) -> ConcurrencyLimit:
        """The limit of a tag. Raises ObjectNotFound."""
        return self._one(ConcurrencyLimit, "GET", f"/concurrency_limits/tag/{part(tag)}")

    def read_concurrency_limits(self, limit: int = 10, offset: int = 0) -> list[ConcurrencyLimit]:
        """The limits of tags."""
        return self._many(ConcurrencyLimit, "POST", "/concurrency_limits/filter", {"limit": limit, "offset": offset})

    def reset_concurrency_limit_by_tag(self, tag: str, slot_override: Iterable[Id] | None = None) -> None:
        """Free all slots of a tag's limit, or leave only those of these task runs taken."""
        held = [ident(each) for each in slot_override] if slot_override is not None else None
        self._done("POST", f"/concurrency_limits/tag/{part(tag)}/reset", {"slot_override": held})

    def delete_concurrency_limit_by_tag(self, tag: str) -> None:
        """Delete the limit of a tag. Raises ObjectNotFound."""
        self._done("DELETE", f"/concurrency_limits/tag/{part(tag)}")
