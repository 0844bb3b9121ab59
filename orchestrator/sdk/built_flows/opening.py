"""The block that is open, as those see it who do not make nodes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.sdk.context import current_block
from orchestrator.sdk.errors import BuildError

if TYPE_CHECKING:
    from orchestrator.sdk.built_flows.blocks import OpenBlock


def open_block() -> OpenBlock | None:
    """The innermost block; None outside, and in what runs while a block is open: there a call is a run."""
    block: Any = current_block.get()
    return block if block is not None and block.is_open_here else None


def the_block() -> OpenBlock:
    """The innermost block. Raises BuildError outside of blocks."""
    block = open_block()
    if block is None:
        raise BuildError(
            "What stands for a task's result can be used only while the flow is built, inside "
            '`with Flow("a name") as flow:`. The results themselves are in `flow.run().result[…].result`'
        )
    return block
