"""For an operation of the API: requests of which something, or everything, is wrong."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import schemathesis
from hypothesis import strategies as some
from schemathesis import GenerationMode

from tests.contract.documents import our_document
from tests.contract.malformed.asking import Asked
from tests.contract.malformed.rows import Known
from tests.contract.malformed.spoiling import Draw, spoiled, written
from tests.contract.malformed.values import ANY, BODIES, HEADERS, PARTS, QUERIES

PART = re.compile(r"{(\w+)}")


def operations() -> list[Any]:
    """Of the document that the server gives."""
    return [found.ok() for found in schemathesis.openapi.from_dict(our_document()).get_all_operations()]


@some.composite
def requests_for(draw: Draw, operation: Any, known: Known) -> Asked:
    """Mostly one thing is wrong at a time: what stands beside it decides how far the request gets."""
    wrong = draw(some.sampled_from(["body", "body", "body", "raw body", "address", "query", "header", "nothing"]))
    bodies = _bodies(operation)
    if wrong == "raw body":
        body = draw(some.sampled_from(BODIES))
    elif bodies is None:
        body = b""
    else:
        body = written(spoiled(draw, draw(bodies), known, times=draw(some.integers(1, 2)) if wrong == "body" else 0))
    return Asked(
        operation.method.upper(),
        _address(draw, operation, known, wrong == "address" or (wrong == "body" and bodies is None)),
        _query(draw, operation, known, wrong == "query"),
        _headers(draw) if wrong == "header" else {},
        body,
    )


def _bodies(operation: Any) -> Any:
    """Now and then a body that does not fit in the way in which the library wants it."""
    if not operation.body:
        return None
    fits = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    misfits = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return some.one_of(fits, fits, fits, misfits).map(lambda case: case.body)


def _address(draw: Draw, operation: Any, known: Known, spoil: bool) -> str:
    resource = "/".join(operation.path.strip("/").split("/")[: 2 if operation.path.startswith("/v2") else 1])
    names = PART.findall(operation.path)
    wrong = draw(some.sampled_from(names)) if spoil and names else None
    address = operation.path
    for name in names:
        fits = known.get(f"{resource}.{name}") or known.get(name) or ["unknown"]
        part = draw(some.sampled_from(PARTS)) if name == wrong else quote(draw(some.sampled_from(fits)), safe="")
        address = address.replace(f"{{{name}}}", part)
    if spoil and wrong is None:
        return address + draw(some.sampled_from(["/", "//", "/%00", "%00", "/x" * 500]))
    return address


def _query(draw: Draw, operation: Any, known: Known, spoil: bool) -> str:
    names = [parameter.name for parameter in operation.query]
    given: list[str] = []
    for name in names:
        fits = [one for one in known.get(name, ["true", "2024-01-01T00:00:00Z", "x"]) if isinstance(one, str)]
        value = draw(some.sampled_from(fits))
        given.append(f"{name}={quote(value, safe='')}")
    if spoil and names and draw(some.booleans()):
        text = draw(some.sampled_from([one for one in ANY if isinstance(one, str | int | float)]))
        encoded = quote(str(text)[:2_000].encode("utf-8", "surrogatepass"), safe="")
        given.append(f"{draw(some.sampled_from(names))}={encoded}")
    if spoil and (not names or draw(some.booleans())):
        name = draw(some.sampled_from(names)) if names else "x"
        given = draw(
            some.sampled_from([[f"{name}={part}" for part in PARTS[:8]], [name], [], [one + "=" for one in names]])
        )
        given.append(draw(some.sampled_from(QUERIES)))
    return "&".join(given)


def _headers(draw: Draw) -> dict[str, bytes]:
    names = draw(some.lists(some.sampled_from(sorted(HEADERS)), min_size=1, max_size=2, unique=True))
    return {name: draw(some.sampled_from(HEADERS[name])) for name in names}
