"""Schedules, leases and the order of events go by clocks."""

from __future__ import annotations

from orchestrator.cli.doctor.findings import Finding, ok, problem, skipped, warning

NOTABLE_SECONDS = 2.0
BAD_SECONDS = 15.0


def clock_of(whose: str, ahead_seconds: float | None) -> Finding:
    check = f"clock of the {whose}"
    if ahead_seconds is None:
        return skipped(check, "not told")
    if abs(ahead_seconds) < NOTABLE_SECONDS:
        return ok(check, "agrees with this machine's")
    found = f"{abs(ahead_seconds):.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} this machine's"
    advice = "Let both machines follow a time server (chrony, systemd-timesyncd)."
    return (problem if abs(ahead_seconds) >= BAD_SECONDS else warning)(check, found, advice)
