"""One stored result: a line of JSON that says what it is, and after it the value as its serializer wrote it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.contract.times import format_time, now, parse_time
from orchestrator.sdk.errors import ResultStorageError
from orchestrator.sdk.results.serializers import Serializer, serializer_that_wrote


@dataclass(frozen=True, slots=True)
class RecordMetadata:
    """`location` is where the record lies; `serializer` is the type of what wrote it, and `serializer_options` what
    reading depends on besides; `expiration` None is never."""

    location: str
    serializer: str
    expiration: datetime | None = None
    block_id: str | None = None
    serializer_options: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def storage_key(self) -> str:
        return self.location

    @property
    def is_expired(self) -> bool:
        return self.expiration is not None and self.expiration <= now()

    def to_wire(self) -> dict[str, Any]:
        """As it travels in the `data` of a state."""
        return {
            "storage_key": self.location,
            "expiration": format_time(self.expiration) if self.expiration is not None else None,
            "serializer": {**self.serializer_options, "type": self.serializer},
            "storage_block_id": self.block_id,
        }

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> RecordMetadata:
        """Raises ResultStorageError for what is no metadata."""
        try:
            return cls(
                location=str(wire["storage_key"]),
                serializer=str(wire["serializer"]["type"]),
                expiration=parse_time(wire["expiration"]) if wire.get("expiration") else None,
                block_id=wire.get("storage_block_id"),
                serializer_options={name: value for name, value in wire["serializer"].items() if name != "type"},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ResultStorageError(f"A stored result has no usable description: {error!r}") from None


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """A stored result: what is known about it, and `result`, the value. `reader` None is what the record names."""

    metadata: RecordMetadata
    payload: bytes
    reader: Serializer | None = None

    @property
    def result(self) -> Any:
        """The value, read anew each time. Raises ResultStorageError when it cannot be read."""
        try:
            kind, options = self.metadata.serializer, self.metadata.serializer_options
            reader = self.reader or serializer_that_wrote(kind, options, location=self.metadata.location)
            return reader.loads(self.payload)
        except ResultStorageError:
            raise
        except Exception as error:
            told = f"The result in {self.metadata.location} cannot be read: {type(error).__name__}: {error}"
            raise ResultStorageError(told) from error

    def to_bytes(self) -> bytes:
        return self.head() + self.payload

    def head(self) -> bytes:
        return json.dumps(self.metadata.to_wire()).encode() + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes, *, location: str) -> ResultRecord:
        """Raises ResultStorageError for what is no record."""
        head, separator, payload = content.partition(b"\n")
        try:
            wire = json.loads(head)
        except ValueError:
            wire = None
        if not separator or not isinstance(wire, dict):
            raise ResultStorageError(f"{location} is no stored result")
        return cls(RecordMetadata.from_wire(wire), payload)
