"""Values that a deployment leaves open: `{{ prefect.blocks.secret.token }}`, `{{ prefect.variables.name }}`,
`{{ $VARIABLE }}`, and what earlier steps said."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError
from orchestrator.worker.code.errors import CodeUnavailable

_PLACE = re.compile(r"\{\{\s*([\w.\-\[\]$]+)\s*\}\}")
_BLOCK, _VARIABLE = "prefect.blocks.", "prefect.variables."
_LEFT_OUT = object()


class Values:
    """Looks up what stands in double braces. What came out of blocks is remembered, so that it can be hidden."""

    def __init__(self, client: Client, *, environ: Mapping[str, str] = os.environ) -> None:
        self._client = client
        self._environ = environ
        self._blocks: dict[tuple[str, str], Any] = {}
        self._variables: dict[str, Any] = {}
        self.steps: dict[str, Any] = {}  # what earlier steps gave, by their ids and by name
        self.secrets: set[str] = set()

    def fill(self, template: Any) -> Any:
        """The template with all values, in a new object.

        A place that is the whole text becomes the value itself, of whatever type. A key whose whole value is a
        variable of the environment that is not set is left out. Raises CodeUnavailable for what is not there.
        """
        filled = self._fill(template)
        return None if filled is _LEFT_OUT else filled

    def _fill(self, template: Any) -> Any:
        if isinstance(template, dict):
            filled = {key: self._fill(value) for key, value in template.items()}
            return {key: value for key, value in filled.items() if value is not _LEFT_OUT}
        if isinstance(template, list):
            return [value for value in map(self._fill, template) if value is not _LEFT_OUT]
        if not isinstance(template, str) or "{{" not in template:
            return template
        whole = _PLACE.fullmatch(template.strip())
        if whole:
            return self._value(whole[1])
        return _PLACE.sub(lambda place: self._text(place[1]), template)

    def _text(self, name: str) -> str:
        value = self._value(name)
        if isinstance(value, (dict, list)):
            raise CodeUnavailable(f"{{{{ {name} }}}} is no single value, so it cannot stand inside of a text")
        return "" if value is None or value is _LEFT_OUT else str(value)

    def _value(self, name: str) -> Any:
        if name.startswith("$"):
            return self._environ.get(name.lstrip("$"), _LEFT_OUT)
        if name.startswith(_BLOCK):
            return self._of_block(name)
        if name.startswith(_VARIABLE):
            return self._of_variable(name.removeprefix(_VARIABLE))
        found = _down(self.steps, name)
        if found is _LEFT_OUT:
            raise CodeUnavailable(f"{{{{ {name} }}}} is nothing that an earlier pull step gave")
        return found

    def _of_block(self, name: str) -> Any:
        slug, _, rest = name.removeprefix(_BLOCK).partition(".")
        block, _, inside = rest.partition(".")
        if not slug or not block:
            raise CodeUnavailable(f"{{{{ {name} }}}} names no block: prefect.blocks.<type>.<name> is needed")
        if (slug, block) not in self._blocks:
            path = f"/block_types/slug/{quote(slug, safe='')}/block_documents/name/{quote(block, safe='')}"
            document = self._ask(f"{path}?include_secrets=true", f"There is no block {block!r} of the type {slug!r}")
            self._blocks[slug, block] = document.get("data") or {}
            self._remember_secrets(self._blocks[slug, block])
        value = self._blocks[slug, block]
        if isinstance(value, dict) and set(value) == {"value"} and inside.split(".")[0].split("[")[0] != "value":
            value = value["value"]
        if not inside:
            return value
        found = _down(value, inside)
        if found is _LEFT_OUT:
            raise CodeUnavailable(f"The block {block!r} of the type {slug!r} has no {inside!r}")
        return found

    def _of_variable(self, name: str) -> Any:
        name, _, inside = name.partition(".")
        if name not in self._variables:
            path = f"/variables/name/{quote(name, safe='')}"
            self._variables[name] = self._ask(path, f"There is no variable {name!r}").get("value")
        found = _down(self._variables[name], inside) if inside else self._variables[name]
        if found is _LEFT_OUT:
            raise CodeUnavailable(f"The variable {name!r} has no {inside!r}")
        return found

    def _ask(self, path: str, missing: str) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.ask("GET", path)
        except ApiError as error:
            if error.status == 404:
                raise CodeUnavailable(missing) from None
            raise CodeUnavailable(f"{missing.replace('There is no', 'The server did not give the')}: {error}") from None
        return answer

    def _remember_secrets(self, value: Any) -> None:
        if isinstance(value, dict):
            for each in value.values():
                self._remember_secrets(each)
        elif isinstance(value, list):
            for each in value:
                self._remember_secrets(each)
        elif isinstance(value, str):
            self.secrets.add(value)


def _down(value: Any, path: str) -> Any:
    """What `a.b[0]` leads to, or _LEFT_OUT. A key that has a dot or a dash in it is found too."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _LEFT_OUT
    return value
