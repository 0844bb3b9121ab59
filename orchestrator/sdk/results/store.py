"""The store: results under keys, written once and found again until they expire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orchestrator.sdk.errors import MissingResult, ResultStorageError, SettingError
from orchestrator.sdk.results.readers import reader_of, tell, told_of
from orchestrator.sdk.results.records import RecordMetadata, ResultRecord
from orchestrator.sdk.results.serializers import Serializer, options_of, serializer_for
from orchestrator.sdk.results.storage import Storage, storage_for, storage_holding

if TYPE_CHECKING:
    from orchestrator.sdk.transactional.locks import LockManager


class ResultStore:
    """Where results go and how they are written.

    `result_storage` is a path, an address that fsspec knows, or a block; None is the default directory. With
    `metadata_storage` the descriptions of the records lie there, apart from the values. `lock_manager` is needed for
    transactions with the isolation level SERIALIZABLE. `serializer` None takes the setting; it also says what is read:
    a store told `json` refuses a record that says it is a pickle.
    """

    def __init__(
        self,
        result_storage: Any = None,
        *,
        metadata_storage: Any = None,
        lock_manager: LockManager | None = None,
        serializer: str | Serializer | None = None,
    ) -> None:
        self.result_storage = storage_for(result_storage)
        self.metadata_storage = storage_for(metadata_storage) if metadata_storage is not None else None
        self.lock_manager = lock_manager
        self.serializer = serializer_for(serializer)
        tell(self.result_storage, self.serializer)

    def __repr__(self) -> str:
        return f"ResultStore({self.result_storage!r}, serializer={self.serializer.type!r})"

    def exists(self, key: str) -> bool:
        """Whether there is a record under the key that has not expired."""
        return self.find(key) is not None

    def find(self, key: str) -> ResultRecord | None:
        """The record under the key; None when there is none, or it has expired.

        Raises ResultStorageError for one that this store's serializer does not allow.
        """
        if self.metadata_storage is not None:  # the description suffices to say no, and the value may be large
            location = self.metadata_storage.location(key)
            content = self.metadata_storage.read(location)
            if content is None or ResultRecord.from_bytes(content, location=location).metadata.is_expired:
                return None
        record = self._read(self.result_storage.location(key))
        return None if record is None or record.metadata.is_expired else record

    def read(self, key: str) -> ResultRecord:
        """The record under the key. Raises MissingResult when there is none, or it has expired."""
        record = self.find(key)
        if record is None:
            raise MissingResult(f"There is no stored result under the key {key!r} in {self.result_storage!r}.")
        return record

    def record(self, value: Any, *, key: str | None = None, expiration: datetime | None = None) -> ResultRecord:
        """The value as a record, not written yet. `key` None makes one that nobody else has.

        Raises ResultNotSerializable.
        """
        metadata = RecordMetadata(
            location=self.result_storage.location(key or uuid4().hex),
            serializer=self.serializer.type,
            expiration=expiration,
            block_id=self.result_storage.block_id,
            serializer_options=options_of(self.serializer),
        )
        return ResultRecord(metadata, self.serializer.dumps(value), self.serializer)

    def put(self, record: ResultRecord, *, key: str | None = None) -> None:
        """Write the record. Whoever reads meanwhile gets the old one or the new one, nothing in between."""
        self.result_storage.write(record.metadata.location, record.to_bytes())
        if self.metadata_storage is not None and key is not None:
            self.metadata_storage.write(self.metadata_storage.location(key), record.head())

    def write(self, obj: Any, key: str | None = None, expiration: datetime | None = None) -> ResultRecord:
        """Store a value and give its record. Raises ResultNotSerializable or ResultStorageError."""
        record = self.record(obj, key=key, expiration=expiration)
        self.put(record, key=key)
        return record

    def remove(self, key: str) -> bool:
        """Delete what is stored under the key. False when nothing is, or the storage cannot delete.

        Raises ResultStorageError.
        """
        removed = [_removed(each, key) for each in (self.metadata_storage, self.result_storage) if each is not None]
        return any(removed)

    def remove_old(self, older_than: timedelta | None = None) -> int:
        """Delete the results of a directory that have expired, and with `older_than` all that are older than that.

        Returns how many there were. States that refer to them have lost their results. Raises ResultStorageError for
        another storage: those have rules of their own for old files.
        """
        from orchestrator.sdk.results.cleaning import remove_old

        if self.metadata_storage is not None:
            remove_old(self.metadata_storage, older_than=older_than)
        return remove_old(self.result_storage, older_than=older_than)

    def _read(self, location: str) -> ResultRecord | None:
        content = self.result_storage.read(location)
        if content is None:
            return None
        return _readable(content, location=location, told=(self.serializer,), own=self.serializer)


def _removed(storage: Storage, key: str) -> bool:
    remove = getattr(storage, "remove", None)
    return bool(remove(storage.location(key))) if remove is not None else False


def _readable(
    content: bytes, *, location: str, told: Iterable[Serializer], own: Serializer | None = None
) -> ResultRecord:
    record = ResultRecord.from_bytes(content, location=location)
    try:
        return replace(record, reader=reader_of(record.metadata, told=told, location=location, own=own))
    except SettingError as error:
        raise ResultStorageError(f"The result in {location} cannot be read: {error}") from error


def stored_value(data: Any) -> Any:
    """The value that the `data` of a state points to.

    Raises MissingResult when it is not there, or lies in a storage that this process was not told of, and
    ResultStorageError when it cannot be read, or says of itself what no flow or task names for that storage.
    """
    try:
        metadata = RecordMetadata.from_wire(data)
    except ResultStorageError:
        raise MissingResult(
            "The run completed, but its result was stored by something that says nothing of it."
        ) from None
    storage = storage_holding(metadata.location, block_id=metadata.block_id)
    if storage is None:
        raise MissingResult(
            f"The result lies in {metadata.location}, and no flow or task of this process stores results there. "
            "Results are read only from storages that the author named: import the flow's module, or set "
            "ORCHESTRATOR_DEFAULT_RESULT_STORAGE."
        )
    content = storage.read(metadata.location)
    if content is None:
        raise MissingResult(f"The run completed, but its result is not in {metadata.location} any more.")
    return _readable(content, location=metadata.location, told=told_of(storage)).result
