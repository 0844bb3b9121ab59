"""`rate_limit(…)`: how often something may happen in a time, across all runs."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.sdk.both_ways import both_ways
from orchestrator.sdk.limits.slots import (
    ask_until_free,
    checked_names,
    checked_slots,
    client_for,
    say_that_none_exist,
    tell,
)
from orchestrator.sdk.options.checks import checked_seconds


@both_ways(by_run=False)
def rate_limit(
    names: str | Iterable[str],
    occupy: int = 1,
    timeout_seconds: float | None = None,
    strict: bool = False,
    *,
    create_if_missing: bool | None = None,
) -> None:
    """Wait until each of these limits lets `occupy` slots through; nothing has to be given back.

    The limits need a decay: the slots that they regain in a second. `timeout_seconds` None waits as long as it takes.
    A limit that does not exist limits nothing; `strict` raises instead. `create_if_missing` is accepted as older flows
    write it, and changes nothing.

    In async code: `await rate_limit(…)`, or `arate_limit`. In sync code it blocks, also in a helper of an async flow,
    whose event loop it holds up then; `rate_limit.sync(…)` blocks everywhere.

    Raises SlotsTimeout (a TimeoutError), SlotsUnavailable, ServerUnreachable. Without a server nothing is limited.
    """
    wanted, slots = checked_names(names), checked_slots(occupy)
    patience = checked_seconds(timeout_seconds, "timeout_seconds", without="to wait on")
    client = client_for(wanted, strict=strict)
    if client is None or not wanted:
        return
    body = {"names": wanted, "slots": slots, "mode": "rate_limit"}
    limits = ask_until_free(client, "/v2/concurrency_limits/increment", body, timeout_seconds=patience)
    if not limits:
        say_that_none_exist(wanted, strict=strict, quiet=False)
        return
    tell("acquired", limits, slots)


arate_limit = rate_limit.aio
