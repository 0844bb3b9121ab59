"""Blocks in what a deployment stores: only their names are, and workers look them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.sdk.errors import BlockNotSaved, DeploymentError


def is_block(value: Any) -> bool:
    """Whether it is a block, of this library or of another with blocks of the same kind."""
    return not isinstance(value, type) and hasattr(value, "get_block_placeholder")


def references(value: Any) -> Any:
    """The value with every block in it as `{{ prefect.blocks.<type>.<name> }}`, in a new object.

    Raises DeploymentError for a block that is stored nowhere.
    """
    if isinstance(value, Mapping):
        return {key: references(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [references(each) for each in value]
    if not is_block(value):
        return value
    slug, name = name_of_block(value)
    return f"{{{{ prefect.blocks.{slug}.{name} }}}}"


def name_of_block(block: Any) -> tuple[str, str]:
    """The slug of its type, and its own name. Raises DeploymentError for a block that is stored nowhere."""
    try:
        placeholder = str(block.get_block_placeholder())
    except (BlockNotSaved, ValueError) as error:
        raise DeploymentError(
            f"The {type(block).__name__} block is stored nowhere that a worker could look: save it first, "
            f"block.save('a-name'), or load one: {type(block).__name__}.load('a-name')"
        ) from error
    slug, _, name = placeholder.removeprefix("prefect.blocks.").partition(".")
    return slug, name


def refuse_secret(value: Any, what: str) -> None:
    """Raises DeploymentError for a value that is no reference and would be stored in the open."""
    if value and "{{" not in str(value):
        raise DeploymentError(
            f"{what} would be stored with the deployment for everybody to read: keep it in a Secret block and give "
            'Secret.load("its-name"), or "{{ prefect.blocks.secret.its-name }}"'
        )
