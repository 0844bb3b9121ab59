"""Which class belongs to which type of block, among the classes that this process knows."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator.sdk.errors import UnknownBlockType

if TYPE_CHECKING:
    from orchestrator.sdk.blocks.core import Block

_classes: dict[str, type[Block]] = {}
_BUILT_IN = (
    "orchestrator.sdk.blocks.system",
    "orchestrator.sdk.blocks.filesystems",
    "orchestrator.sdk.blocks.notifications",
    "orchestrator.sdk.blocks.webhooks",
    "orchestrator.sdk.shell.operation",
)


def remember(block: type[Block]) -> None:
    """The latest class of a type counts: a notebook defines it again and again."""
    _classes[block.get_block_type_slug()] = block


def class_of(slug: str) -> type[Block]:
    """Raises UnknownBlockType when no class of this type was defined here."""
    if slug not in _classes:
        for module in _BUILT_IN:
            import_module(module)
    try:
        return _classes[slug]
    except KeyError:
        raise UnknownBlockType(
            f"No class for blocks of type {slug!r} is known here: import the module that defines it before the block "
            f"is loaded. Known types: {', '.join(sorted(_classes))}"
        ) from None
