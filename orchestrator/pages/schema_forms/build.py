"""A form out of a schema and values. What a field cannot show, such as a text for a number, is shown as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.pages.schema_forms import controls, names
from orchestrator.pages.schema_forms.checks import Errors, branch_of
from orchestrator.pages.schema_forms.fields import Choice, Field, Form, Problem, Row
from orchestrator.pages.schema_forms.read import Answer
from orchestrator.pages.schema_forms.secrets import is_secret, part_with_masks, with_masks
from orchestrator.pages.schema_forms.shapes import Kind, Shape, Shapes
from orchestrator.pages.schema_forms.values import ABSENT, Unread, same, show_json, show_short, value_at

MOST_FIELDS = 200  # of one form; what would be inside further ones is shown as JSON
MOST_ROWS = 50  # of a list or a table that has fields
MOST_DEPTH = 12
FRAMES = (Kind.OBJECT, Kind.LIST, Kind.TABLE, Kind.UNION)

# The documents that a block's field offers: of a type, by its slug, each an identifier and a name.
BlockChoices = Callable[[str], Sequence[tuple[str, str]]]
Path = tuple[str | int, ...]


def build_form(
    schema: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
    prefix: str = "p",
    *,
    defaults: Mapping[str, Any] | None = None,
    blocks: BlockChoices | None = None,
    answer: Answer | None = None,
) -> Form:
    """The form of an object's properties, filled with `values`.

    `defaults` count more than those of the schema, as the parameters of a deployment do. `answer` is what was posted,
    when the form is shown again: its values, errors, open tab and focus are taken from there.
    """
    if answer is not None:
        values, errors = answer.values, answer.errors
    errors = errors or {}
    builder = _Builder(Shapes(schema), errors, blocks, answer)
    given = dict(values or {})
    shape = builder.shapes.of({**schema, "type": "object"})
    properties = builder.shapes.properties(shape)
    fields = [
        builder.field(one, names.inner(prefix, name), (name,), given.get(name, ABSENT), name, _required(shape, name),
                      (defaults or {}).get(name, one.default))
        for name, one in properties.items()
    ]  # fmt: skip
    unnamed = {key: value for key, value in given.items() if key not in properties}
    form = Form(prefix, fields, more=builder.more(shape, prefix, unnamed))
    _mark_problems(form, errors, builder.shown_errors)
    if answer is not None and answer.tab == "json":
        form.tab = "json"
        form.json = (
            answer.json_text if answer.json_text is not None else show_json(with_masks(schema, given, answer.kept))
        )
        form.json_errors = [f"{_words(path)}{text}" for path, texts in errors.items() for text in texts]
        form.autofocus_json = bool(form.json_errors)
    if answer is not None and answer.focus and not form.problems:
        _focus(form, answer.focus)
    return form


class _Builder:
    def __init__(self, shapes: Shapes, errors: Errors, blocks: BlockChoices | None, answer: Answer | None) -> None:
        self.shapes = shapes
        self.errors = errors
        self.blocks = blocks
        self.answer = answer
        self.branches = answer.branches if answer is not None else {}
        self.left = MOST_FIELDS
        self.shown_errors: set[Path] = set()

    def field(
        self, shape: Shape, name: str, path: Path, value: Any, title: str, required: bool, default: Any = ABSENT
    ) -> Field:
        """`value` ABSENT: the default is shown, as what will be if nothing is changed."""
        self.left -= 1
        made = Field(name, "json", shape.title or title, shape.description, required, value=value, default=default)
        blank = default if default is not ABSENT else shape.blank
        made.given = value is not ABSENT and (same(value, blank) or value == "" or shape.kind is Kind.FIXED)
        shown = value if value is not ABSENT else default
        if shown is ABSENT and shape.nullable:
            shown = None
        if shape.kind is Kind.SECRET and self.answer is not None:
            shown = self._stored_secret(made, path, shown)
        made.changed = value is not ABSENT and default is not ABSENT and not same(value, default)
        self._control(made, shape, path, shown)
        if default is not ABSENT and shape.kind is not Kind.SECRET:
            told = part_with_masks(self.shapes, shape.schema, default, default)
            made.default_text = controls.default_text(self._line_shape(shape, made), made.control, told)
            made.default_words = "none" if told is None else "empty" if told == "" else show_short(told)
        self._errors(made, path)
        made.open = made.required or made.changed or any(one.errors for one in made.walk())
        return made

    def _line_shape(self, shape: Shape, made: Field) -> Shape:
        return self.shapes.item(shape) if made.control == "lines" else shape

    def _stored_secret(self, made: Field, path: Path, typed: Any) -> Any:
        """What was typed is not sent back, so that only what was there before is still there."""
        assert self.answer is not None
        stored = value_at(self.answer.kept, path)
        if typed not in (ABSENT, None, "") and not same(typed, stored):
            made.help = (
                f"{made.help} For your safety what you typed is not shown again: please type it once more.".strip()
            )
        return stored

    def _control(self, made: Field, shape: Shape, path: Path, shown: Any) -> None:
        if isinstance(shown, Unread) and not shown.text:
            shown = ABSENT
        is_too_much = shape.kind in FRAMES and (self.left <= 0 or len(path) > MOST_DEPTH)
        is_odd = is_secret(self.shapes, shape.schema) and shape.kind not in (Kind.SECRET, Kind.UNION)
        if is_odd or is_too_much or (shown is None and not shape.nullable):
            self._as_json(made, shape, path, shown)
        elif shape.kind is Kind.UNION:
            self._union(made, shape, path, shown)
        elif shape.kind is Kind.OBJECT and (isinstance(shown, dict) or shown is ABSENT):
            self._object(made, shape, path, {} if shown is ABSENT else shown)
        elif shape.kind is Kind.TABLE and (shown is ABSENT or _is_table(shown)):
            self._table(made, shape, path, {} if shown is ABSENT else shown)
        elif shape.kind is Kind.LIST:
            self._list(made, shape, path, shown)
        elif shape.kind is Kind.BLOCK:
            self._block(made, shape, path, shown)
        elif not controls.fill(made, shape, shown):
            self._as_json(made, shape, path, shown)

    def _as_json(self, made: Field, shape: Shape, path: Path, shown: Any) -> None:
        is_posted = self.answer is not None and made.value is not ABSENT
        kept = value_at(self.answer.kept, path) if self.answer is not None and is_posted else shown
        controls.as_json(made, part_with_masks(self.shapes, shape.schema, shown, kept))

    def _object(self, made: Field, shape: Shape, path: Path, shown: dict[str, Any]) -> None:
        made.control = "object"
        properties = self.shapes.properties(shape)
        usual = made.default if isinstance(made.default, dict) else {}
        made.fields = [
            self.field(one, names.inner(made.name, name), (*path, name), shown.get(name, ABSENT), name,
                       _required(shape, name), usual.get(name, one.default))
            for name, one in properties.items()
        ]  # fmt: skip
        unnamed = {key: value for key, value in shown.items() if key not in properties}
        made.more = self.more(shape, made.name, unnamed)

    def more(self, shape: Shape, name: str, unnamed: dict[str, Any]) -> str | None:
        """What the schema does not name, as JSON; None where nobody asks for it."""
        if self.answer is not None and name in self.answer.more_texts:
            return self.answer.more_texts[name]
        told = part_with_masks(self.shapes, shape.schema, unnamed, unnamed)
        return show_json(told) if unnamed or _takes_more(shape) else None

    def _table(self, made: Field, shape: Shape, path: Path, shown: dict[str, Any]) -> None:
        made.control, made.can_add = "table", len(shown) < MOST_ROWS
        item = self.shapes.item(shape)
        made.rows = [
            Row(at, self.field(item, names.inner(made.name, at), (*path, key), value, f"Value of {key}", True), key)
            for at, (key, value) in enumerate(shown.items())
        ]

    def _list(self, made: Field, shape: Shape, path: Path, shown: Any) -> None:
        item = self.shapes.item(shape)
        lines = controls.as_lines(item, shown) if self.shapes.is_lines(shape) else None
        if lines is not None or (shown is None and self.shapes.is_lines(shape)):
            made.control, made.text = "lines", lines or ""
            made.may_be_none, made.is_none = shape.nullable, shown is None
        elif shown is ABSENT or (isinstance(shown, list) and len(shown) <= MOST_ROWS):
            made.control = "rows"
            made.rows = [
                self._row(item, made, path, at, one) for at, one in enumerate([] if shown is ABSENT else shown)
            ]
            most = shape.schema.get("maxItems")
            made.can_add = len(made.rows) < min(most if isinstance(most, int) else MOST_ROWS, MOST_ROWS)
        else:
            self._as_json(made, shape, path, shown)

    def _row(self, item: Shape, made: Field, path: Path, at: int, value: Any) -> Row:
        field = self.field(item, names.inner(made.name, at), (*path, at), value, made.title, True)
        field.title = f"{field.title} {at + 1}"
        return Row(at, field)

    def _union(self, made: Field, shape: Shape, path: Path, shown: Any) -> None:
        made.control = "union"
        chosen = self.branches.get(made.name) or branch_of(self.shapes, shape, shown)
        if chosen is None:
            return self._as_json(made, shape, path, shown)
        made.shown = chosen
        made.choices = [
            Choice(str(at), controls.branch_word(branch), str(at) == chosen) for at, branch in enumerate(shape.branches)
        ]
        if shape.nullable:
            made.choices.append(Choice(names.NONE, "none", chosen == names.NONE))
        if chosen == names.NONE:
            return None
        branch = shape.branches[int(chosen)]
        default = made.default if branch_of(self.shapes, shape, made.default) == chosen else ABSENT
        value = ABSENT if shown is None else shown
        inside = self.field(branch, made.name, path, value, made.title, True, default)
        inside.help = "" if inside.help == made.help else inside.help
        inside.given = inside.given and value == ""
        made.fields = [inside]
        return None

    def _block(self, made: Field, shape: Shape, path: Path, shown: Any) -> None:
        slug = str(shape.schema.get("block_type_slug"))
        offered = self.blocks(slug) if self.blocks is not None else ()
        chosen = controls.block_in(shown)
        if shown not in (ABSENT, None) and (chosen is None or chosen not in {one for one, _ in offered}):
            return self._as_json(made, shape, path, shown)
        made.control = "select"
        made.choices = [Choice("", "none" if shape.nullable else f"choose a block of the type {slug}", chosen is None)]
        made.choices += [Choice(one, word, one == chosen) for one, word in offered]
        return None

    def _errors(self, made: Field, path: Path) -> None:
        """Its own; and those of what is inside, where that has no fields of its own."""
        if made.control == "union" and made.fields:
            return
        made.errors = [*self.errors.get(path, ())]
        self.shown_errors.add(path)
        if made.control in ("object", "rows", "table", "union"):
            return
        for other, texts in self.errors.items():
            if len(other) > len(path) and other[: len(path)] == path:
                made.errors += [f"{_words(other[len(path) :])}{text}" for text in texts]
                self.shown_errors.add(other)


def _mark_problems(form: Form, errors: Errors, shown: set[Path]) -> None:
    form.problems = [
        Problem("", _words(path), text) for path, texts in errors.items() if path not in shown for text in texts
    ]
    wrong = list(_wrong(form.fields, ()))
    form.problems += [Problem(one.name, where, text) for one, where in wrong for text in one.errors]
    if wrong:
        wrong[0][0].autofocus = True


def _wrong(fields: Iterable[Field], outer: tuple[str, ...]) -> Iterator[tuple[Field, str]]:
    """Each field with errors, and where it is in the words of the page."""
    for one in fields:
        trail = outer if outer[-1:] == (one.title,) else (*outer, one.title)
        if one.errors:
            yield one, " › ".join(trail)
        yield from _wrong((row.field for row in one.rows), trail)
        yield from _wrong(one.fields, trail)


def _focus(form: Form, name: str) -> None:
    """The field itself, or the first within it that can be typed into; or the name of a row."""
    for one in form.walk():
        for row in one.rows:
            row.focus_key = name == row.field.name + names.KEY
        if one.name == name:
            inside = next((each for each in one.walk() if not each.is_frame), one)
            inside.autofocus = True
            break
    for one in form.walk():
        one.open = one.open or any(_has_focus(each) for each in one.walk())


def _has_focus(one: Field) -> bool:
    return one.autofocus or any(row.focus_key for row in one.rows)


def _words(path: Path) -> str:
    return f"{'.'.join(str(part) or 'further values' for part in path)}: " if path else ""


def _is_table(shown: Any) -> bool:
    return isinstance(shown, dict) and "" not in shown and len(shown) <= MOST_ROWS


def _required(shape: Shape, name: str) -> bool:
    required = shape.schema.get("required")
    return isinstance(required, list) and name in required


def _takes_more(shape: Shape) -> bool:
    """Whether the author says that further properties are welcome; silence allows them, but asks for none."""
    return bool(shape.schema.get("additionalProperties"))
