"""With which serializer a stored record may be read.

A record says what wrote it, and reading a pickle executes what it holds. So the reader decides, not the record: who was
told `json` reads JSON only, whatever lies in the storage. JSON is read by everybody.
"""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.sdk.errors import ResultStorageError
from orchestrator.sdk.results.records import RecordMetadata
from orchestrator.sdk.results.serializers import Serializer, innermost, serializer_for, serializer_that_wrote
from orchestrator.sdk.results.storage import Storage, storage_for

_HARMLESS = "json"
_READS_ALL = "pickle"

# By the storage's id, since an author's storage need not be hashable; storages are known as long as the process lives.
_told: dict[int, set[str]] = {}


def tell(storage: Storage, serializer: Serializer) -> None:
    """From now on, results in this storage may have been written by this serializer too."""
    _told.setdefault(id(storage), set()).add(serializer.type)


def kinds_in(storage: Storage) -> Collection[str]:
    """The serializers that flows and tasks of this process name for the storage.

    The default one when none does, and always for the default storage, where those write who say nothing.
    """
    told = _told.get(id(storage), set())
    if told and storage is not storage_for(None):
        return told
    return told | {serializer_for(None).type}


def reader_of(
    metadata: RecordMetadata, *, told: Collection[str], location: str, own: Serializer | None = None
) -> Serializer:
    """The serializer for a record. `own` goes before others of its kind.

    Raises ResultStorageError for a kind that was not told of, or options that nobody named, SettingError for a kind
    that nobody knows.
    """
    kind = metadata.serializer
    if not _may_be_read(kind, told):
        raise ResultStorageError(
            f"The result in {location} says that it was written by {kind!r}, but results there are to be read by "
            f"{', '.join(sorted(map(repr, told)))} only. Delete it, or name the serializer: result_serializer={kind!r}."
        )
    return serializer_that_wrote(kind, metadata.serializer_options, location=location, own=own)


def _may_be_read(kind: str, told: Collection[str]) -> bool:
    inner = innermost(kind)
    allowed = {innermost(each) for each in told}
    return inner == _HARMLESS or inner in allowed or _READS_ALL in allowed
