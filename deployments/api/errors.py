"""How the named errors of deployments are answered."""

from deployments import errors
from orchestrator.rest.errors import answer_with


def register() -> None:
    answer_with(errors.NotFound, 404)
    # The contract says `exception_message` where a queue is not found on the way to its runs.
    answer_with(errors.UnknownWorkQueue, 404, key="exception_message")
    answer_with(errors.AlreadyExists, 409)
    answer_with(errors.ReservedName, 403)
    answer_with(errors.InvalidParameters, 409)
    answer_with(errors.InvalidJobVariables, 422)
    answer_with(errors.InvalidSchedules, 422)
    answer_with(errors.ParentNotFound, 409)
    answer_with(errors.UpdateRefused, 400)
    answer_with(errors.CannotRestore, 409)
    answer_with(errors.PlanTooLarge, 413)
