"""What can be done with a run in its state. Only what really works is offered."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.contract.states import StateType
from runs.pages.flow_run.subject import Subject
from runs.services.beginning_again import others_can_begin


@dataclass(frozen=True, slots=True)
class Offers:
    cancel: bool
    retry: bool
    keeps_results: bool  # so that a retry runs only what has not finished
    copy: bool
    pause: bool
    resume: bool
    delete: bool = True


def offers_of(subject: Subject) -> Offers:
    run = subject.run
    # Without a deployment nobody but the program that made the run could begin it again.
    has_deployment = others_can_begin(run)
    retry = run.is_terminal and has_deployment
    return Offers(
        cancel=not run.is_terminal and run.state_type != StateType.CANCELLING,
        retry=retry,
        keeps_results=retry and subject.keeps_results,
        copy=has_deployment,
        # A process can be told to leave only if another one can go on later.
        pause=run.state_type == StateType.RUNNING and has_deployment and run.parent_task_run_id is None,
        resume=run.state_type == StateType.PAUSED,
    )
