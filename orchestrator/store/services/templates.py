"""Templates that users write: Jinja in a sandbox, with bounds on what one may cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import ChainableUndefined, TemplateError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import do_format, do_indent
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.store.errors import BadTemplate
from orchestrator.web.confined import Failed, TooCostly, confined

MOST_LOOPS = 10  # in one template
DEEPEST_LOOPS = 2  # loops in loops
LONGEST_RANGE = 100  # items
LONGEST_TEMPLATE = 100_000  # characters
RENDER_SECONDS = 2.0
MOST_CHARACTERS = 1_000_000  # of what comes out, and of any text that is made on the way

# What a template's own expressions may raise.
_FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError)

# Methods and filters that make a long text of a short one by a number.
_PADDING_METHODS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_WIDE = re.compile(r"\d{5}|\*|\{[^}]*\{")  # widths above 9999, or given elsewhere
_WIDEST = 9_999


class _Code(CodeGenerator):
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """The operator `~`, through the sandbox as the others."""
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _Code

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "%" and isinstance(left, str):
            _check_widths(left)
        elif numbers and operator in ("*", "**"):
            _check_number(operator, left, right)
        elif not numbers and operator == "+":
            _check_length(_length(left) + _length(right))
        elif not numbers and operator == "*":
            _check_length(_length(left) * _times(right) + _length(right) * _times(left))
        return super().call_binop(context, operator, left, right)

    def concatenated(self, parts: tuple[Any, ...]) -> str:
        texts = [str(part) for part in parts]
        _check_length(sum(map(len, texts)))
        return "".join(texts)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        formats = super().wrap_str_format(value)
        if formats is None:
            return None

        def narrowly(*args: Any, **kwargs: Any) -> str:
            _check_widths(value.__self__)
            return formats(*args, **kwargs)

        return narrowly

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _PADDING_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


def render_template(text: str, values: Mapping[str, Any], *, seconds: float = RENDER_SECONDS) -> str:
    """The text with its placeholders filled in; an unknown name is empty. Raises BadTemplate.

    The values are plain: it is filled in by another process, which no template can hold up or fill for ever.
    """
    if not is_template(text):
        return text
    check_template(text)
    try:
        return str(confined(_rendered, text, dict(values), seconds=seconds))
    except TooCostly as error:
        raise BadTemplate(f"The template costs too much: {error}") from None
    except Failed as error:
        raise BadTemplate(str(error)) from None


def check_template(text: str) -> None:
    """Raises BadTemplate for a text that is no template, and for more or deeper loops than allowed."""
    if len(text) > LONGEST_TEMPLATE:
        raise BadTemplate(f"A template has at most {LONGEST_TEMPLATE} characters.")
    try:
        tree = _sandbox.parse(text)
        loops = list(tree.find_all(nodes.For))
        depth = max((_depth(loop) for loop in loops), default=0)
    except (TemplateError, RecursionError) as error:
        raise BadTemplate(str(error), line=getattr(error, "lineno", 0)) from None
    if len(loops) > MOST_LOOPS:
        raise BadTemplate(f"The template has {len(loops)} loops; at most {MOST_LOOPS} are allowed.")
    if depth > DEEPEST_LOOPS:
        raise BadTemplate(f"The template has loops in loops deeper than the {DEEPEST_LOOPS} levels that are allowed.")


def is_template(text: str) -> bool:
    """Whether anything would be filled in."""
    return "{{" in text or "{%" in text


def _rendered(text: str, values: dict[str, Any]) -> str:
    """What `render_template` has done elsewhere."""
    pieces: list[str] = []
    left = MOST_CHARACTERS
    try:
        for piece in _sandbox.from_string(text).generate(values):
            left -= len(piece)
            if left < 0:
                raise BadTemplate(f"The template makes more than {MOST_CHARACTERS} characters.")
            pieces.append(piece)
    except (TemplateError, *_FAILURES) as error:
        raise BadTemplate(f"The template failed: {error}") from None
    return "".join(pieces)


def _depth(node: nodes.Node) -> int:
    inside = max((_depth(child) for child in node.iter_child_nodes()), default=0)
    return inside + isinstance(node, nodes.For)


def _check_length(length: int) -> None:
    if length > MOST_CHARACTERS:
        raise SecurityError(f"A text or list of more than {MOST_CHARACTERS} parts is made on the way.")


def _check_widths(text: str) -> None:
    if _WIDE.search(text):
        raise SecurityError(f"Texts cannot be padded to more than {_WIDEST} characters.")


def _check_number(operator: str, left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
        if bits > 10_000:
            raise SecurityError("A number is too large.")


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (str, list, tuple)) else 0


def _times(value: Any) -> int:
    return max(value, 0) if isinstance(value, int) else 0


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > LONGEST_RANGE:
        raise OverflowError(f"The range has more than {LONGEST_RANGE} items.")
    return numbers


def _centered(value: Any, width: int = 80) -> str:
    return str(value).center(min(width, _WIDEST))


def _indented(value: Any, width: int = 4, first: bool = False, blank: bool = False) -> str:
    lines = str(value).count("\n") + 1
    _check_length(lines * _times(width))
    return do_indent(value, width, first, blank)


def _formatted(value: Any, *args: Any, **kwargs: Any) -> str:
    _check_widths(str(value))
    return do_format(value, *args, **kwargs)


def _replaced(value: Any, old: str, new: str, count: int | None = None) -> str:
    _check_length(len(str(value)) + str(value).count(str(old)) * len(str(new)))
    return str(value).replace(str(old), str(new), -1 if count is None else count)


def _make_sandbox() -> _Sandbox:
    sandbox = _Sandbox(undefined=ChainableUndefined)
    sandbox.globals["range"] = _short_range
    sandbox.globals.pop("lipsum")
    sandbox.filters |= {"center": _centered, "indent": _indented, "format": _formatted, "replace": _replaced}
    return sandbox


_sandbox = _make_sandbox()
