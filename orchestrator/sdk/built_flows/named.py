"""`Flow` as authors import it: given a name instead of a function, it makes a built flow.

Whoever wants the class for type hints alone does not pay for what building takes.
"""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.flows.flow import Flow

__all__ = ["Flow"]


def _built_flow() -> type[Flow[..., Any]]:
    """The class of what `Flow("a name")` makes."""
    from orchestrator.sdk.built_flows.flow import BuiltFlow

    return BuiltFlow


Flow.for_a_name = _built_flow
