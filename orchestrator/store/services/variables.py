"""Variables: created, changed, deleted."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from orchestrator.contract.events import resource
from orchestrator.events.emit import emit
from orchestrator.store.errors import AlreadyExists, VariableNotFound
from orchestrator.store.models import Variable


def create_variable(*, name: str, value: Any, tags: list[str] | None = None) -> Variable:
    """Raises AlreadyExists."""
    try:
        with transaction.atomic():
            variable = Variable.objects.create(name=name, value=value, tags=tags or [])
            _emit(variable, "created")
    except IntegrityError:
        raise AlreadyExists(f"A variable with the name {name!r} already exists.") from None
    return variable


def get_variable(which: Q) -> Variable:
    """Raises VariableNotFound."""
    variable = Variable.objects.filter(which).first()
    if variable is None:
        raise VariableNotFound
    return variable


def update_variable(which: Q, *, changes: dict[str, Any]) -> Variable:
    """Set the given columns. Raises VariableNotFound, and AlreadyExists for a name that is taken."""
    try:
        with transaction.atomic():
            variable = _locked(which)
            for column, value in changes.items():
                setattr(variable, column, value)
            variable.save()
            _emit(variable, "updated")
    except IntegrityError:
        if changes.get("name") is None:  # it is the database that wants a name and tags
            raise
        raise AlreadyExists(f"A variable with the name {changes['name']!r} already exists.") from None
    return variable


def delete_variable(which: Q) -> None:
    """Raises VariableNotFound."""
    with transaction.atomic():
        variable = _locked(which)
        _emit(variable, "deleted")
        variable.delete()


def _locked(which: Q) -> Variable:
    variable = Variable.objects.select_for_update().filter(which).first()
    if variable is None:
        raise VariableNotFound
    return variable


def _emit(variable: Variable, what: str) -> None:
    emit(
        event=f"prefect.variable.{what}",
        resource=resource("variable", variable.pk, name=variable.name),
        payload={"name": variable.name, "value": variable.value, "tags": variable.tags},
    )
