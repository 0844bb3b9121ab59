"""What kind of value a run asks for: a RunInput class, a pydantic model, or any type that a parameter may have."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.sdk.errors import InputRefused
from orchestrator.sdk.values.json_values import to_json


@dataclass(frozen=True, slots=True)
class InputMetadata:
    """Where an input came from: its key, the run that got it, and who sent it, None when nobody said so."""

    key: str
    receiver: str
    sender: str | None = None


class Kind(Protocol):
    """How values of one kind are asked for, read and written."""

    prefix: str  # keys of inputs of this kind begin so, unless somebody says otherwise
    description: str | None

    def schema(self) -> dict[str, Any]:
        """What the answer must look like, as JSON schema of an object."""
        ...

    def read(self, values: dict[str, Any], metadata: InputMetadata) -> Any:
        """The value that the author gets. Raises InputRefused when it does not fit, and pydantic's ValidationError
        when it does not fit a model."""
        ...

    def write(self, value: Any) -> dict[str, Any]: ...


def kind_of(wanted: Any) -> Kind:
    """The kind for what `wait_for_input` or `receive_input` is given. Raises InputRefused for what is no type."""
    if isinstance(wanted, type) and _is_model(wanted):
        return ModelKind(wanted)
    if not isinstance(wanted, type) and not _is_type_hint(wanted):
        raise InputRefused(f"A run can wait for a type, such as str or a RunInput class, and not for {wanted!r}")
    return ValueKind(wanted)


def kind_of_value(value: Any) -> Kind:
    return ModelKind(type(value)) if _is_model(type(value)) else ValueKind(type(value))


class ModelKind:
    """A pydantic model: the answer's fields are the model's."""

    def __init__(self, model: Any) -> None:
        self._model = model
        name = model.__name__.lower()
        self.prefix = f"{name}-auto" if hasattr(model, "with_initial_data") else f"{name}runinput-auto"
        description = getattr(model, "_description", None)
        self.description: str | None = description if isinstance(description, str) else None

    def schema(self) -> dict[str, Any]:
        return dict(self._model.model_json_schema(by_alias=True))

    def read(self, values: dict[str, Any], metadata: InputMetadata) -> Any:
        try:
            instance = self._model.model_validate(values)
        except ValueError as error:  # pydantic's own, by which authors know that they have to ask again
            error.add_note(f"Input {metadata.key!r} is no {self._model.__name__}.")
            raise
        if hasattr(instance, "with_initial_data"):
            instance._metadata = metadata
        return instance

    def write(self, value: Any) -> dict[str, Any]:
        return dict(value.model_dump(mode="json", by_alias=True))


class ValueKind:
    """Any other type: the answer is an object whose only field is `value`."""

    description: str | None = None

    def __init__(self, hint: Any) -> None:
        self._hint = hint
        name = getattr(hint, "__name__", None) or getattr(hint, "_name", None) or ""
        self.prefix = f"{name.lower()}automaticruninput-auto"

    def schema(self) -> dict[str, Any]:
        from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema

        def asked(value: Any) -> None: ...

        asked.__annotations__ = {"value": self._hint}
        schema = parameter_schema(asked)
        schema["title"] = getattr(self._hint, "__name__", str(self._hint))
        for described in schema["properties"].values():
            described.pop("position", None)
        return schema

    def read(self, values: dict[str, Any], metadata: InputMetadata) -> Any:
        if "value" not in values:
            raise InputRefused(f"Input {metadata.key!r} has no field 'value': {values!r}")
        value = values["value"]
        try:
            return _as_type(self._hint, value)
        except (ValueError, TypeError) as error:
            raise InputRefused(f"Input {metadata.key!r} is no {self._hint!r}: {error}") from error

    def write(self, value: Any) -> dict[str, Any]:
        return {"value": to_json(value)}


def as_values(given: Any) -> dict[str, Any]:
    """What a run is resumed with, as the fields of the answer. A dictionary holds these already."""
    if isinstance(given, dict):
        return {str(name): to_json(value) for name, value in given.items()}
    return kind_of_value(given).write(given)


def _as_type(hint: Any, value: Any) -> Any:
    """The JSON value as the type says. Without pydantic, what JSON knows itself and dataclasses of it."""
    try:
        from pydantic import TypeAdapter
    except ImportError:
        from dataclasses import is_dataclass

        return hint(**value) if is_dataclass(hint) and isinstance(hint, type) else value
    return TypeAdapter(hint).validate_python(value)


def _is_model(kind: type) -> bool:
    pydantic = sys.modules.get("pydantic")  # not loaded: nobody can have made a model
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)


def _is_type_hint(wanted: Any) -> bool:
    from typing import Any as anything
    from typing import get_origin

    return wanted is anything or get_origin(wanted) is not None
