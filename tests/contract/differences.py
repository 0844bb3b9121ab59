"""What a client could notice of two API descriptions: a line for every difference, ours first.

POST /flow_runs/ request.state.name: we say string, reference says null|string
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.contract.schemas import NO_DEFAULT, Property, Reader, Type

METHODS = ("get", "post", "put", "patch", "delete")
_PART = re.compile(r"{[^}]*}")
_COLUMN_BOUNDS = {2**31 - 1, 2**31, -(2**31), 32767, -32768}  # what a column holds: the reference fails there


def compare(ours: Mapping[str, Any], reference: Mapping[str, Any]) -> Iterator[str]:
    """Every difference, in the order of the reference; what only we have comes last."""
    mine, theirs = _operations(ours), _operations(reference)
    for key, (name, operation) in theirs.items():
        if key not in mine:
            yield f"{name}: we do not have it"
        else:
            yield from _Comparison(name, Reader(ours), Reader(reference)).operations(mine[key][1], operation)
    for key, (name, _) in mine.items():
        if key not in theirs:
            yield f"{name}: only we have it"


def _operations(document: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, Any]]:
    return {
        (method, _PART.sub("{}", path).rstrip("/")): (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


class _Comparison:
    """One operation of both documents."""

    def __init__(self, name: str, ours: Reader, reference: Reader) -> None:
        self._name = name
        self._ours = ours
        self._reference = reference
        self._within: list[tuple[str, str]] = []  # the pairs of named schemas that are being compared

    def operations(self, ours: Any, reference: Any) -> Iterator[str]:
        yield from self._parameters(ours, reference)
        yield from self._bodies(ours.get("requestBody"), reference.get("requestBody"))
        yield from self._answers(_successes(ours), _successes(reference))

    def _differs(self, where: str, ours: str, reference: str) -> Iterator[str]:
        if ours != reference:
            yield f"{self._name} {where}: we say {ours}, reference says {reference}"

    # --- Parameters -----------------------------------------------------------------------------------------------

    def _parameters(self, ours: Any, reference: Any) -> Iterator[str]:
        mine, theirs = _parameters_of(ours), _parameters_of(reference)
        for key in theirs | mine:
            where = " ".join(map(str, key))
            if key not in mine:
                yield f"{self._name} {where}: we do not have it"
            elif key not in theirs:
                yield f"{self._name} {where}: only we have it"
            else:
                yield from self._property(where, _as_property(mine[key]), _as_property(theirs[key]), sent=True)

    # --- Bodies and answers ---------------------------------------------------------------------------------------

    def _bodies(self, ours: Any, reference: Any) -> Iterator[str]:
        yield from self._differs("request", _said_body(ours), _said_body(reference))
        if ours and reference:
            yield from self._schemas("request", _schema_of(ours), _schema_of(reference), sent=True)

    def _answers(self, ours: Mapping[str, Any], reference: Mapping[str, Any]) -> Iterator[str]:
        yield from self._differs("answers", _listed(ours), _listed(reference))
        for status in sorted(set(ours) & set(reference)):
            yield from self._differs(f"answer {status}", _said_answer(ours[status]), _said_answer(reference[status]))
            if _schema_of(ours[status]) is not None and _schema_of(reference[status]) is not None:
                yield from self._schemas("answer", _schema_of(ours[status]), _schema_of(reference[status]), sent=False)

    # --- Schemas --------------------------------------------------------------------------------------------------

    def _schemas(self, where: str, ours: Any, reference: Any, *, sent: bool, nulls: bool = True) -> Iterator[str]:
        mine = [one for one in self._ours.types(ours) if nulls or one.name != "null"]
        theirs = [one for one in self._reference.types(reference) if nulls or one.name != "null"]
        if [one.name for one in mine] != [one.name for one in theirs]:
            yield from self._differs(where, _said(mine), _said(theirs))
            mine = [one for one in mine if one.name in {other.name for other in theirs}]
            theirs = [one for one in theirs if one.name in {other.name for other in mine}]
            if len(mine) != len(theirs):
                return
        several = len([one for one in theirs if one.name != "null"]) > 1
        for one, other in zip(mine, theirs, strict=True):
            named = f"{where}({other.reference or other.name})" if several else where
            yield from self._types(named, one, other, sent=sent)

    def _types(self, where: str, ours: Type, reference: Type, *, sent: bool) -> Iterator[str]:
        pair = (ours.reference or "", reference.reference or "")
        if all(pair) and pair in self._within:
            return
        self._within.append(pair)
        yield from self._limits(where, ours, reference, sent=sent)
        if ours.name == "array":
            yield from self._arrays(where, ours, reference, sent=sent)
        elif ours.properties is not None or reference.properties is not None:
            yield from self._objects(where, ours, reference, sent=sent)
        elif ours.name == "map":
            yield from self._schemas(f"{where}.*", ours.extra, reference.extra, sent=sent)
        self._within.pop()

    def _limits(self, where: str, ours: Type, reference: Type, *, sent: bool) -> Iterator[str]:
        if ours.choices != reference.choices:
            yield from self._differs(where, ours.said, reference.said)
        if sent:
            for limit in {**reference.limits, **ours.limits}:
                mine, theirs = ours.limits.get(limit), reference.limits.get(limit)
                if theirs is None and mine in _COLUMN_BOUNDS:
                    continue
                yield from self._differs(f"{where} {limit}", str(mine), str(theirs))

    def _arrays(self, where: str, ours: Type, reference: Type, *, sent: bool) -> Iterator[str]:
        mine, theirs = ours.positions, reference.positions
        if mine is None or theirs is None:
            yield from self._differs(where, "tuple" if mine else "list", "tuple" if theirs else "list")
            if not mine and not theirs:
                yield from self._schemas(f"{where}[]", ours.items, reference.items, sent=sent)
            return
        yield from self._differs(where, f"tuple of {len(mine)}", f"tuple of {len(theirs)}")
        for at, (one, other) in enumerate(zip(mine, theirs, strict=False)):
            yield from self._schemas(f"{where}[{at}]", one, other, sent=sent)

    def _objects(self, where: str, ours: Type, reference: Type, *, sent: bool) -> Iterator[str]:
        if ours.properties is None or reference.properties is None:
            yield from self._differs(where, _said_object(ours), _said_object(reference))
            return
        # The reference takes a null as absence among keys that are no object of their own, whatever it describes.
        envelope = sent and (reference.reference or "").startswith("Body_")
        for key in {**reference.properties, **ours.properties}:
            inside = f"{where}.{key}"
            if key not in ours.properties:
                yield f"{self._name} {inside}: we do not have it"
            elif key not in reference.properties:
                yield f"{self._name} {inside}: only we have it"
            else:
                yield from self._property(
                    inside, ours.properties[key], reference.properties[key], sent=sent, null_is_absence=envelope
                )
        if sent:
            yield from self._differs(f"{where} other keys", _said_extra(ours), _said_extra(reference))

    def _property(
        self, where: str, ours: Property, reference: Property, *, sent: bool, null_is_absence: bool = False
    ) -> Iterator[str]:
        yield from self._schemas(where, ours.schema, reference.schema, sent=sent, nulls=not null_is_absence)
        if not sent:
            return
        yield from self._differs(f"{where} required", str(ours.required), str(reference.required))
        if not _same_default(ours.default, reference.default):
            yield from self._differs(f"{where} default", _said_default(ours), _said_default(reference))


def _parameters_of(operation: Any) -> dict[tuple[str, Any], Any]:
    found: dict[tuple[str, Any], Any] = {}
    place = 0
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            place += 1
            found["path", place] = parameter
        else:
            found[parameter["in"], parameter["name"].lower()] = parameter
    return found


def _as_property(parameter: Any) -> Property:
    schema = parameter["schema"]
    return Property(schema, parameter.get("required", False), schema.get("default", NO_DEFAULT))


def _successes(operation: Any) -> dict[str, Any]:
    return {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}


def _schema_of(part: Any) -> Any:
    """Of a body that is not JSON: anything."""
    content = part.get("content")
    if not content:
        return None
    return content["application/json"].get("schema", {}) if "application/json" in content else {}


def _listed(answers: Mapping[str, Any]) -> str:
    return " and ".join(sorted(answers)) or "nothing"


def _said_body(body: Any) -> str:
    if not body:
        return "no body"
    return "a body that must be there" if body.get("required") else "a body that may be absent"


def _said_answer(answer: Any) -> str:
    return "an empty body" if _schema_of(answer) is None else "a body"


def _said(types: list[Type]) -> str:
    return "|".join(one.name for one in types) or "nothing"


def _said_object(one: Type) -> str:
    return "an object of any keys" if one.properties is None else f"an object with {', '.join(one.properties)}"


def _said_extra(one: Type) -> str:
    return "refused" if one.extra is False else "allowed"


def _said_default(prop: Property) -> str:
    return "none" if prop.default is NO_DEFAULT else repr(prop.default)


def _same_default(ours: Any, reference: Any) -> bool:
    """The reference does not tell a default of null, and none that a function makes, such as an empty list."""
    if ours is NO_DEFAULT and reference is NO_DEFAULT:
        return True
    if reference is NO_DEFAULT:
        return ours is None or isinstance(ours, (list, dict))
    if ours is NO_DEFAULT:
        return reference is None
    if isinstance(ours, str) and isinstance(reference, str):
        return ours.removesuffix("Z") == reference.removesuffix("+00:00") or ours == reference
    return ours == reference
