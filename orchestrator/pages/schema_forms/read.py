"""What was posted, read back into the JSON that the form stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from orchestrator.pages.schema_forms import names
from orchestrator.pages.schema_forms.checks import Errors, errors_of
from orchestrator.pages.schema_forms.scalars import UNTICK, read_scalar
from orchestrator.pages.schema_forms.secrets import part_with_kept, with_kept
from orchestrator.pages.schema_forms.shapes import Kind, Shape, Shapes
from orchestrator.pages.schema_forms.values import ABSENT, Unread, read_json, same, value_at, without_nul

MOST_ROWS = 200  # of one list
NEEDED = "This is required."
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Answer:
    """`values` may hold Unread where a text is no value; then there is an error too.

    `wants`: `submit`, or `rows`, `json`, `fields` when the form is to be shown again with a row more or less, another
    branch, or the other tab.
    """

    values: dict[str, Any]
    errors: Errors = field(default_factory=dict)
    wants: str = "submit"
    tab: str = "fields"
    json_text: str | None = None  # as it was typed, where it is no JSON
    branches: dict[str, str] = field(default_factory=dict)  # that were chosen, by the name of the field
    branches_by_path: dict[Path, str] = field(default_factory=dict)
    more_texts: dict[str, str] = field(default_factory=dict)  # of further properties that are no JSON
    focus: str = ""  # the name of the field to go on with
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return self.wants == "submit" and not self.errors


def read_form(
    schema: Mapping[str, Any],
    posted: QueryDict,
    prefix: str = "p",
    *,
    defaults: Mapping[str, Any] | None = None,
    kept: Mapping[str, Any] | None = None,
    filled: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Answer:
    """The values and what is wrong with them; nothing is wrong as long as the form is only changed.

    A value that equals its default is left out, unless it was given before. `kept` are the values whose secrets stay
    where their fields are empty. `filled` puts the values of templates in their places before they are checked.
    """
    texts: dict[str, str] = {name: without_nul(str(text)) for name, text in posted.items()}
    reader = _Reader(Shapes(schema), texts, kept or {})
    if texts.get(prefix + names.TAB) == "json":
        answer = _read_text(schema, texts.get(prefix + names.AS_JSON, ""), kept or {})
    else:
        answer = Answer(reader.whole(prefix, defaults or {}), branches=reader.branches)
        answer.branches_by_path, answer.more_texts = reader.branches_by_path, reader.more_texts
    answer.kept = kept or {}
    _find_out_what_is_wanted(answer, texts, prefix, reader)
    if answer.wants == "submit" and not answer.errors:
        checked = filled(answer.values) if filled is not None and not reader.unread else answer.values
        answer.errors = errors_of(schema, checked, answer.branches_by_path)
    return answer


def _read_text(schema: Mapping[str, Any], text: str, kept: Mapping[str, Any]) -> Answer:
    found = read_json(text) if text.strip() else {}
    if isinstance(found, dict):
        return Answer(with_kept(schema, found, kept), tab="json")
    message = found.error if isinstance(found, Unread) else "An object is needed: { … }."
    return Answer({}, errors={(): [message]}, tab="json", json_text=text)


def _find_out_what_is_wanted(answer: Answer, posted: Mapping[str, str], prefix: str, reader: _Reader) -> None:
    switch = posted.get(prefix + names.SWITCH)
    if answer.errors:  # the text is no JSON: it can neither be submitted nor shown as fields
        return
    if switch in ("json", "fields"):
        answer.wants = answer.tab = switch
    elif reader.is_changed:
        answer.wants, answer.focus = "rows", reader.focus


class _Reader:
    def __init__(self, shapes: Shapes, posted: Mapping[str, str], kept: Mapping[str, Any]) -> None:
        self.shapes = shapes
        self.posted = posted
        self.kept = kept
        self.branches: dict[str, str] = {}
        self.branches_by_path: dict[Path, str] = {}
        self.more_texts: dict[str, str] = {}
        self.is_changed = False
        self.unread = False
        self.focus = ""

    def whole(self, prefix: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
        shape = self.shapes.of({**self.shapes.root, "type": "object"})
        return self._properties(shape, prefix, (), defaults)

    def _properties(self, shape: Shape, name: str, path: Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
        required = shape.schema.get("required")
        required = required if isinstance(required, list) else []
        found = {
            key: self._field(one, names.inner(name, key), (*path, key), key in required, defaults.get(key, one.blank))
            for key, one in self.shapes.properties(shape).items()
        }
        values = {key: value for key, value in found.items() if value is not ABSENT}
        text = self.posted.get(name + names.MORE, "")
        if not text.strip():
            return values
        more = read_json(text)
        if isinstance(more, dict):
            more = part_with_kept(self.shapes, shape.schema, more, value_at(self.kept, path))
            return {**values, **{key: value for key, value in more.items() if key not in values}}
        self.unread, self.more_texts[name] = True, text
        error = more.error if isinstance(more, Unread) else "An object is needed: { … }."
        return {**values, "": Unread(text, error)}

    def _field(self, shape: Shape, name: str, path: Path, required: bool, blank: Any) -> Any:
        given = name + names.GIVEN in self.posted
        value = self._value(shape, name, path, required, given)
        if isinstance(value, Unread):
            self.unread = True
        return ABSENT if not required and not given and same(value, blank) else value

    def _value(self, shape: Shape, name: str, path: Path, required: bool, given: bool) -> Any:
        posted = self.posted
        if name + names.AS_JSON in posted:
            text = posted[name + names.AS_JSON]
            kept = value_at(self.kept, path)
            return part_with_kept(self.shapes, shape.schema, read_json(text), kept) if text.strip() else ABSENT
        match shape.kind:
            case Kind.UNION:
                return self._union(shape, name, path, given)
            case Kind.OBJECT:
                return self._properties(shape, name, path, {}) if name + names.OPEN in posted else ABSENT
            case Kind.LIST:
                return self._list(shape, name, path)
            case Kind.TABLE:
                return self._table(shape, name, path)
            case Kind.SECRET:
                return self._secret(shape, name, path, given)
        return read_scalar(shape, name, posted, required=required, given=given)

    def _union(self, shape: Shape, name: str, path: Path, given: bool) -> Any:
        chosen = self.posted.get(name + names.BRANCH, "")
        known = {str(at) for at in range(len(shape.branches))} | ({names.NONE} if shape.nullable else set())
        if chosen not in known:
            return ABSENT
        self.branches[name] = self.branches_by_path[path] = chosen
        if chosen != self.posted.get(name + names.SHOWN) or name + names.SHOW in self.posted:
            self.is_changed, self.focus = True, name
        if chosen == names.NONE:
            return None
        branch = shape.branches[int(chosen)]
        value = self._value(branch, name, path, True, given)
        if value is ABSENT and self.is_changed and branch.kind is Kind.OBJECT:
            return {}
        return value

    def _list(self, shape: Shape, name: str, path: Path) -> Any:
        item = self.shapes.item(shape)
        if name + names.ROWS in self.posted:
            numbers = self._numbers(name)
            rows = [self._item(item, names.inner(name, at), (*path, to)) for to, at in enumerate(numbers)]
            return [row for row in rows if row is not ABSENT] + self._added(item, name, len(rows))
        if name not in self.posted:
            return ABSENT
        text = self.posted[name].replace("\r\n", "\n")
        if name + names.NULL in self.posted:
            return Unread(text, UNTICK) if text.strip() else None
        lines = [line for line in text.split("\n") if line.strip()]
        return [self._line(item, line) for line in lines]

    def _line(self, item: Shape, line: str) -> Any:
        value = read_scalar(item, "line", {"line": line}, required=True, given=True)
        self.unread = self.unread or isinstance(value, Unread)
        return value

    def _table(self, shape: Shape, name: str, path: Path) -> Any:
        if name + names.ROWS not in self.posted:
            return ABSENT
        item = self.shapes.item(shape)
        made: dict[str, Any] = {}
        for at in self._numbers(name):
            row = names.inner(name, at)
            key = self.posted.get(row + names.KEY, "")
            value = self._item(item, row, (*path, key))
            if not key and (value in ("", None) or isinstance(value, Unread)):
                continue
            if not key or key in made:
                self.unread = True
                text = value if isinstance(value, str) else ""
                value = Unread(text, f"The name {key} is there twice." if key else "A name is needed.")
                key = key or " "
                key = key if key not in made else f"{key} "
            made[key] = value
        if name + names.ADD in self.posted:
            self.is_changed = True
            key = next(key for key in ("name", *(f"name-{n}" for n in range(2, MOST_ROWS + 3))) if key not in made)
            made[key] = _first_of(item)
            self.focus = names.inner(name, len(made) - 1) + names.KEY
        return made

    def _item(self, item: Shape, name: str, path: Path) -> Any:
        value = self._value(item, name, path, True, name + names.GIVEN in self.posted)
        if value is ABSENT and item.kind in (Kind.TEXT, Kind.SECRET):
            return ""  # a row that is there has a value
        self.unread = self.unread or value is ABSENT or isinstance(value, Unread)
        return Unread("", NEEDED) if value is ABSENT else value

    def _numbers(self, name: str) -> list[int]:
        """The rows that stay."""
        text = self.posted[name + names.ROWS]
        count = min(int(text), MOST_ROWS) if text.isascii() and text.isdigit() else 0
        dropped = self.posted.get(name + names.DROP)
        if dropped is None:
            return list(range(count))
        self.is_changed = True
        left = [at for at in range(count) if str(at) != dropped]
        self.focus = names.inner(name, len(left) - 1) if left else name
        return left

    def _added(self, item: Shape, name: str, count: int) -> list[Any]:
        if name + names.ADD not in self.posted or count >= MOST_ROWS:
            return []
        self.is_changed, self.focus = True, names.inner(name, count)
        return [_first_of(item)]

    def _secret(self, shape: Shape, name: str, path: Path, given: bool) -> Any:
        text = self.posted.get(name, "")
        if name + names.NULL in self.posted:
            return Unread("", UNTICK) if text else None
        if text:
            return text
        if name + names.STORED in self.posted:
            return value_at(self.kept, path)
        return "" if given else ABSENT


def _first_of(item: Shape) -> Any:
    """What a new row begins with."""
    if item.default is not ABSENT:
        return item.default
    if item.nullable:
        return None
    empty = {Kind.OBJECT: {}, Kind.TABLE: {}, Kind.LIST: [], Kind.FLAG: False, Kind.TEXT: "", Kind.SECRET: ""}
    return empty.get(item.kind, Unread("", NEEDED))
