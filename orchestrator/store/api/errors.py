"""How the named errors of this room are answered."""

from orchestrator.rest.errors import answer_with
from orchestrator.store import errors


def register() -> None:
    answer_with(errors.NotFound, 404)
    answer_with(errors.AlreadyExists, 409)
    answer_with(errors.ParentMissing, 409)
    answer_with(errors.CannotDecrypt, 409)
    answer_with(errors.Protected, 403)
    answer_with(errors.UnusableBlock, 400)
    answer_with(errors.HydrationFailed, 400)
    answer_with(errors.BadTemplate, 422)
    answer_with(errors.NotForResults, 422)
