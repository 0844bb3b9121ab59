"""YAML whose mappings know the lines of their keys, so that an error can say where it is."""

from __future__ import annotations

from typing import Any

import yaml

from orchestrator.sdk.errors import DefinitionError


class Lines(dict[str, Any]):
    """A mapping. `line` is where it begins, `lines` where each of its keys stands, counted from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.line = 1
        self.lines: dict[str, int] = {}

    def line_of(self, *path: str | int) -> int:
        """The line of what is reached over these keys and positions, as far as they lead."""
        found, line = self, self.line
        for key in path:
            if isinstance(found, Lines) and isinstance(key, str):
                line = found.lines.get(key, line)
            found = _inside(found, key)
            if isinstance(found, Lines):
                line = found.line if isinstance(key, int) else line
        return line


def read_yaml(text: str, *, file: str) -> Lines:
    """The file's one mapping. Raises DefinitionError, with the line, for what is no YAML, or no mapping."""
    try:
        found = yaml.load(text, Loader=_Loader)  # a SafeLoader: it makes nothing but plain values
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else file
        raise DefinitionError(f"{where}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise DefinitionError(f"{file}: {error}") from None
    if not isinstance(found, Lines):
        raise DefinitionError(
            f"{file}: a mapping with the key deployments is needed, or with the keys of one deployment"
        )
    return found


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Lines:
    own = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
    for place, key in enumerate(own):
        if key in own[:place]:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice", node.start_mark)
    loader.flatten_mapping(node)
    made = Lines()
    made.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        made[key] = loader.construct_object(value_node, deep=True)
        made.lines[key] = key_node.start_mark.line + 1
    return made


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _inside(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return None
