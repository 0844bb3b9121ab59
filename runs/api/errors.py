"""How the named errors of runs are answered."""

from orchestrator.rest.errors import answer_with
from orchestrator.rest.value_schemas import BadSchema
from runs import errors
from runs.services.graph import GraphTooLarge
from runs.services.history import BadIntervals


def register() -> None:
    # The contract says `exception_message` where a run is not found on the way to changing its state.
    answer_with(errors.NotFound, 404, key="exception_message")
    answer_with(errors.ParentNotFound, 409)
    answer_with(errors.PlaceNotFound, 404)
    answer_with(errors.UpdateRefused, 400)
    answer_with(GraphTooLarge, 400)
    answer_with(BadIntervals, 422)
    answer_with(BadSchema, 422)
    answer_with(errors.ConcurrencyLimitNotFound, 404)
    answer_with(errors.ConcurrencyLimitExists, 409)
    answer_with(errors.TooManySlots, 422)
    answer_with(errors.NotARateLimit, 422)
    answer_with(errors.LeaseNotHeld, 410)
    answer_with(errors.ClaimRefused, 409)
    answer_with(errors.InputExists, 409)
    answer_with(errors.ClaimNotHeld, 410)
