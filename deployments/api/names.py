"""Names that the contract describes as any text, and that may not be just that."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

FORBIDDEN = "/%&><"  # in addresses these mean something else


def _usable(name: str) -> str:
    if not name.strip():
        raise ValueError("A name must not be blank.")
    if any(character in name for character in FORBIDDEN):
        raise ValueError(f"A name must not contain any of {' '.join(FORBIDDEN)}.")
    return name


UsableName = Annotated[str, AfterValidator(_usable)]
