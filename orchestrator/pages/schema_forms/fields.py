"""What the templates show: a form, and its fields within one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from orchestrator.pages.schema_forms.values import ABSENT

MOST_LINES = 14  # of a field, before it scrolls
LONG = 100  # characters


@dataclass(slots=True)
class Choice:
    value: str
    word: str
    chosen: bool = False


@dataclass(slots=True)
class Field:
    """One field, or the frame around several. `control` names its template."""

    name: str
    control: str
    title: str
    help: str = ""
    required: bool = False
    text: str = ""  # what the control shows
    kind: str = "text"  # the type of an <input>
    hints: dict[str, Any] = field(default_factory=dict)  # its further attributes, such as min and max
    zone: str = ""
    checked: bool = False
    given: bool = False
    may_be_none: bool = False  # by a checkbox
    is_none: bool = False
    stored: bool = False
    choices: list[Choice] = field(default_factory=list)
    shown: str = ""  # the branch of a union
    fields: list[Field] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    can_add: bool = True
    open: bool = True
    more: str | None = None  # of an object: further properties as JSON
    errors: list[str] = field(default_factory=list)
    autofocus: bool = False
    value: Any = ABSENT
    default: Any = ABSENT
    default_text: str | None = None
    default_words: str = ""  # without secrets, as `default_text`
    changed: bool = False

    @property
    def template(self) -> str:
        return f"forms/{self.control}.html"

    @property
    def lines(self) -> int:
        """How high a field of several lines is."""
        return min(MOST_LINES, max(2, self.text.count("\n") + 1))

    @property
    def is_wide(self) -> bool:
        """Whether it takes the whole width: what it shows is long."""
        return self.control in ("area", "json", "lines") and (self.lines > 3 or len(self.text) > LONG)

    @property
    def is_frame(self) -> bool:
        """Whether it is a fieldset of further fields, not one control with a label."""
        return self.control in ("object", "rows", "table", "union", "radios", "moment")

    @property
    def described_by(self) -> str:
        parts = [self.name + ":h" if self.help else "", self.name + ":e" if self.errors else ""]
        return " ".join(part for part in parts if part)

    def walk(self) -> Iterator[Field]:
        yield self
        for row in self.rows:
            yield from row.field.walk()
        for one in self.fields:
            yield from one.walk()


@dataclass(slots=True)
class Row:
    """A row of a list or a table. `key` None: it has none, as in a list."""

    number: int
    field: Field
    key: str | None = None
    focus_key: bool = False  # it is the name that is to be typed next


@dataclass(slots=True)
class Problem:
    """A line of the summary of errors. `target` is the field to go to, empty when it is about the whole form."""

    target: str
    where: str
    message: str


@dataclass(slots=True)
class Form:
    prefix: str
    fields: list[Field]
    tab: str = "fields"  # or "json"
    json: str = ""
    json_errors: list[str] = field(default_factory=list)
    more: str | None = None
    problems: list[Problem] = field(default_factory=list)
    autofocus_json: bool = False

    @property
    def changed(self) -> list[Field]:
        """The fields at the top whose values are not their defaults."""
        return [one for one in self.fields if one.changed]

    def walk(self) -> Iterator[Field]:
        for one in self.fields:
            yield from one.walk()
