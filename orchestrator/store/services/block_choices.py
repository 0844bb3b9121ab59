"""Which block documents there are to choose from where a value may be one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.store.models import BlockDocument

MOST_OFFERED = 200  # of one type


def block_choices() -> Callable[[str], Sequence[tuple[str, str]]]:
    """For a type's slug the identifiers and names of its documents, by name; each type is asked for once."""
    found: dict[str, list[tuple[str, str]]] = {}

    def of(slug: str) -> Sequence[tuple[str, str]]:
        if slug not in found:
            rows = BlockDocument.objects.filter(block_type__slug=slug, is_anonymous=False).order_by("name")
            found[slug] = [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:MOST_OFFERED]]
        return found[slug]

    return of
