"""Tags that many rows have. Who reads the rows in their order looks for them in the rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.web.row_estimates import is_common


class CommonTag(str):
    """A tag in a filled filter, known to be common. Forms of bodies tell it from other texts."""

    __slots__ = ()


def with_common_tags(rows: Callable[[], Any], owner: str, filled: Any) -> Any:
    """A filled filter of tags in which the common ones of `all_` are marked; the same one when there are none.

    `rows` gives the table that holds one row per tag, with the key of what has it in `owner`.
    """
    if not filled.all_:
        return filled
    table = rows().model
    tagged = table._meta.get_field(owner).related_model
    marked = [CommonTag(tag) if is_common(table, "tag", tag, of=tagged) else tag for tag in filled.all_]
    is_any = any(isinstance(tag, CommonTag) for tag in marked)
    return filled.model_copy(update={"all_": marked}) if is_any else filled
