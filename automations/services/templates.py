"""Templates that people write into automations: rendered in a sandbox, and kept from taking for ever."""

from __future__ import annotations

from jinja2 import ChainableUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from automations.errors import BadTemplate

MOST_LOOPS = 10
DEEPEST_LOOPS = 2  # a loop inside a loop

_environment = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)


def check_template(text: str) -> None:
    """Raises BadTemplate when the text is no template, or has more loops than a template may have."""
    try:
        root = _environment.parse(text)
    except TemplateSyntaxError as error:
        raise BadTemplate(error.message or "Invalid template.", line=error.lineno, source=text) from None
    loops = list(root.find_all(nodes.For))
    if len(loops) > MOST_LOOPS:
        raise BadTemplate(f"{len(loops)} loops are too many: a template may have {MOST_LOOPS}.", line=0, source=text)
    deepest = max((_depth(loop) for loop in loops), default=0)
    if deepest > DEEPEST_LOOPS:
        message = f"Loops are nested {deepest} deep: a template may nest them {DEEPEST_LOOPS} deep."
        raise BadTemplate(message, line=0, source=text)


def _depth(loop: nodes.Node) -> int:
    """How many loops are inside each other, this one included."""
    return 1 + max((_depth(inner) for inner in loop.find_all(nodes.For)), default=0)
