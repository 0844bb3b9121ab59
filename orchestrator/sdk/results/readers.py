"""With which serializer a stored record may be read.

A record says what wrote it, and reading a pickle executes what it holds. So the reader decides, not the record: who was
told `json` reads JSON only, whatever lies in the storage. JSON is read by everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from orchestrator.sdk.errors import ResultStorageError
from orchestrator.sdk.results.records import RecordMetadata
from orchestrator.sdk.results.serializers import (
    Serializer,
    innermost,
    options_of,
    serializer_for,
    serializer_that_wrote,
)
from orchestrator.sdk.results.storage import Storage, storage_for

_HARMLESS = "json"
_READS_ALL = "pickle"

# By the storage's id, since an author's storage need not be hashable; storages are known as long as the process lives.
# Of those with one type and the same options the latest: a cell of a notebook that is executed again makes another.
_told: dict[int, dict[tuple[str, frozenset[tuple[str, Any]]], Serializer]] = {}


def tell(storage: Storage | None, serializer: Serializer) -> None:
    """From now on, results in this storage may have been written by this serializer too. None is the default storage,
    whichever that is when somebody reads."""
    _told.setdefault(id(storage), {})[serializer.type, frozenset(options_of(serializer).items())] = serializer


def told_of(storage: Storage) -> list[Serializer]:
    """The serializers that flows and tasks of this process name for the storage.

    The default one when none does, and always for the default storage, where those write who say nothing.
    """
    told = list(_told.get(id(storage), {}).values())
    if storage is storage_for(None):
        told += _told.get(id(None), {}).values()
    elif told:
        return told
    return [*told, serializer_for(None)]


def reader_of(
    metadata: RecordMetadata, *, told: Iterable[Serializer], location: str, own: Serializer | None = None
) -> Serializer:
    """The serializer for a record: `own` when it is of the record's type, whatever its options were; else the one of
    those told of that the record names.

    Raises ResultStorageError for a kind that was not told of, or options that none of them has, SettingError for a kind
    that nobody knows.
    """
    kind, told = metadata.serializer, list(told)
    kinds = {each.type for each in told}
    if not _may_be_read(kind, kinds):
        raise ResultStorageError(
            f"The result in {location} says that it was written by {kind!r}, but results there are to be read by "
            f"{', '.join(sorted(map(repr, kinds)))} only. Delete it, or name the serializer: "
            f"result_serializer={kind!r}."
        )
    if own is not None and own.type == kind:
        return own
    return serializer_that_wrote(kind, metadata.serializer_options, location=location, told=told)


def _may_be_read(kind: str, told: Collection[str]) -> bool:
    inner = innermost(kind)
    allowed = {innermost(each) for each in told}
    return inner == _HARMLESS or inner in allowed or _READS_ALL in allowed
