"""What a schedule planned and nobody began in time runs late, or is skipped: as its deployment wants."""

from __future__ import annotations

from orchestrator.contract.states import State, StateType
from runs.orchestration.decide import rule
from runs.orchestration.transition import Missed, Transition
from runs.orchestration.verdicts import PASS, Amend, Keep, Replace, Verdict

SKIPPED = "Skipped"


@rule(before={StateType.SCHEDULED}, after={StateType.PENDING})
def skip_what_was_missed(transition: Transition) -> Verdict:
    """Whoever takes a run is told so, also right after an outage, before anybody looked through what was missed."""
    reason = _reason(transition)
    if reason is None:
        return PASS
    return Replace(State(StateType.CANCELLED, name=SKIPPED, message=reason, timestamp=transition.at), reason=reason)


@rule(before={StateType.SCHEDULED}, after={StateType.CANCELLED})
def skip_only_what_was_missed(transition: Transition) -> Verdict:
    """Asked when the server looks through the runs that nobody takes."""
    reason = _reason(transition)
    return (
        Keep("The run was not missed, or runs late.")
        if reason is None
        else Amend(transition.proposed.with_(message=reason))
    )


def _reason(transition: Transition) -> str | None:
    """Why the run is skipped, or None."""
    missed = transition.run.missed
    if missed is None:
        return None
    late = (transition.at - missed.due).total_seconds()
    why = _why(missed, late)
    if why is None:
        return None
    return f"Skipped: due at {missed.due:%Y-%m-%d %H:%M:%S} UTC, it did not begin for {_words(late)}, and {why}."


def _why(missed: Missed, late_seconds: float) -> str | None:
    match missed.policy:
        case "none":
            return "runs of its deployment that were missed are not made up for"
        case "max_age" if late_seconds > missed.most_seconds:
            return f"runs of its deployment begin no later than {_words(missed.most_seconds)} after their time"
        case "latest" if missed.newer_is_due:
            return "of the runs that were missed only the last one is made up for"
    return None


def _words(seconds: float) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days >= 2:
        return f"{days:.0f} days"
    if hours >= 2:
        return f"{hours:.0f} hours"
    return f"{minutes:.0f} minutes" if minutes >= 2 else f"{seconds:.0f} seconds"
