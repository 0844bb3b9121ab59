"""The column beside a run: where, when, by whom, with what; its history, its attempts, what it made."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from runs.pages.flow_run.subject import MOST_STATES, Subject
from runs.pages.parameters import shown_parameters

SHOWN_SUBFLOWS = 20  # the timeline has them all
SHOWN_PARAMETERS = 6
SHOWN_STATES = 20


def read_facts(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    run = subject.run
    states = subject.states
    subflows = list(subject.children.values()) if subject.has_begun else []
    parameters = list(shown_parameters(run).items())
    return {
        "states": states[-SHOWN_STATES:],
        "states_left_out": f"{MOST_STATES}+" if len(states) > MOST_STATES else max(0, len(states) - SHOWN_STATES),
        "claims": subject.likely_claims,
        "subflows": subflows[:SHOWN_SUBFLOWS],
        "more_subflows": len(subflows) - SHOWN_SUBFLOWS,
        "artifacts": subject.artifacts if subject.has_begun else [],
        "parameters": parameters[:SHOWN_PARAMETERS],
        "more_parameters": len(parameters) - SHOWN_PARAMETERS,
        "late_by": run.lateness(subject.now),
    }
