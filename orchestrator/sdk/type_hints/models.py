"""Hints that only pydantic understands: its models, its types, its constraints. It is never imported for anything else:
whoever wrote such a hint has imported it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from orchestrator.sdk.type_hints.misfits import Misfit, Problem
from orchestrator.sdk.type_hints.reading import described

_ITS_PACKAGES = frozenset({"pydantic", "pydantic_core", "annotated_types", "pydantic_extra_types"})


def is_pydantics(hint: Any) -> bool:
    """A model, a dataclass or a type of pydantic, or a type that carries its constraints."""
    if "pydantic" not in sys.modules:
        return False
    for each in getattr(hint, "__metadata__", ()):
        if _is_its_own(type(each)) or hasattr(each, "__get_pydantic_core_schema__"):
            return True
    return isinstance(hint, type) and (
        _is_its_own(hint)
        or hasattr(hint, "__get_pydantic_core_schema__")
        or hasattr(hint, "__pydantic_validator__")
        or is_old_model(hint)
    )


def is_old_model(hint: Any) -> bool:
    """A model of pydantic 1, also of the one that pydantic 2 brings along."""
    return isinstance(hint, type) and hasattr(hint, "parse_obj") and not hasattr(hint, "model_validate")


def is_field(default: Any) -> bool:
    """Whether a parameter's default is pydantic's word about it: `limit: int = Field(3, ge=1)`."""
    return "pydantic" in sys.modules and type(default).__name__ == "FieldInfo" and _is_its_own(type(default))


def value_of_field(field: Any) -> tuple[bool, Any]:
    """Whether the field has a default, and the default."""
    return not field.is_required(), field.get_default(call_default_factory=True)


def fit_by_pydantic(value: Any, hint: Any) -> Any:
    """Raises Misfit with everything that pydantic says against the value."""
    try:
        if is_old_model(hint):
            return value if isinstance(value, hint) else hint.parse_obj(value)
        return adapter(hint).validate_python(value)
    except (ValueError, TypeError) as error:  # its ValidationError is a ValueError
        raise Misfit(list(_problems(error, value, hint))) from None


def schema_by_pydantic(hint: Any, ref_template: str) -> dict[str, Any]:
    """Its JSON schema; what it refers to is under `$defs`."""
    if is_old_model(hint):
        old: dict[str, Any] = hint.schema(ref_template=ref_template)
        old["$defs"] = old.pop("definitions", {})
        return old
    found: dict[str, Any] = adapter(hint).json_schema(ref_template=ref_template)
    return found


@lru_cache(maxsize=256)
def adapter(hint: Any) -> Any:
    from pydantic import BaseModel, ConfigDict, TypeAdapter

    settled_by_itself = isinstance(hint, type) and (
        issubclass(hint, BaseModel) or hasattr(hint, "__pydantic_validator__")
    )
    if settled_by_itself:
        return TypeAdapter(hint)
    return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))


def _problems(error: Exception, value: Any, hint: Any) -> Iterator[Problem]:
    told = getattr(error, "errors", None)
    if not callable(told):
        yield Problem("", value, described(hint), str(error))
        return
    for each in told():
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in each["loc"])
        yield Problem(place, each.get("input", value), described(hint), each["msg"])


def _is_its_own(kind: Any) -> bool:
    return str(getattr(kind, "__module__", "")).partition(".")[0] in _ITS_PACKAGES
