"""Bases for blocks of authors: what a block of one kind can do, under names that everybody knows.

class Warehouse(DatabaseBlock): ...
class Cleaning(JobBlock): ...

The methods may be plain functions or coroutine functions, as the author likes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, BinaryIO, Generic, Self, TypeVar

from orchestrator.sdk.blocks.core import Block
from orchestrator.sdk.recording.logs import logger_of_run

T = TypeVar("T")


class LoggingBlock(Block, ABC):
    """A block that says something."""

    @property
    def logger(self) -> Any:
        """The run's logger; outside of runs, the SDK's."""
        return logger_of_run()


class CredentialsBlock(LoggingBlock, ABC):
    """What a service wants to know before it lets somebody in."""

    @abstractmethod
    def get_client(self, *args: Any, **kwargs: Any) -> Any:
        """A client of the service."""


class JobRun(ABC, Generic[T]):
    """A job that was started elsewhere. No block."""

    @property
    def logger(self) -> Any:
        """The run's logger; outside of runs, the SDK's."""
        return logger_of_run()

    @abstractmethod
    def wait_for_completion(self) -> Any:
        """Wait until the job has ended."""

    @abstractmethod
    def fetch_result(self) -> Any:
        """What the job has made."""


class JobBlock(LoggingBlock, ABC, Generic[T]):
    """A job of another system."""

    @abstractmethod
    def trigger(self) -> Any:
        """Start the job and give a JobRun."""


class SecretBlock(LoggingBlock, ABC):
    """A secret that another system keeps."""

    @abstractmethod
    def read_secret(self) -> Any:
        """Its bytes."""

    @abstractmethod
    def write_secret(self, secret_data: bytes) -> Any:
        """Keep these bytes; gives the key under which they are."""


class DatabaseBlock(LoggingBlock, ABC):
    """A database. `with` and `async with` are for subclasses to define."""

    @abstractmethod
    def fetch_one(self, operation: str, parameters: dict[str, Any] | None = None, **options: Any) -> Any:
        """One row."""

    @abstractmethod
    def fetch_many(
        self, operation: str, parameters: dict[str, Any] | None = None, size: int | None = None, **options: Any
    ) -> Any:
        """Some rows."""

    @abstractmethod
    def fetch_all(self, operation: str, parameters: dict[str, Any] | None = None, **options: Any) -> Any:
        """All rows."""

    @abstractmethod
    def execute(self, operation: str, parameters: dict[str, Any] | None = None, **options: Any) -> Any:
        """A statement without rows."""

    @abstractmethod
    def execute_many(self, operation: str, seq_of_parameters: list[dict[str, Any]], **options: Any) -> Any:
        """A statement once for each of these."""

    def __enter__(self) -> Self:
        raise TypeError(f"{type(self).__name__} cannot be used in a with block: it has no __enter__ and __exit__")

    def __exit__(self, *error: object) -> None:
        """Nothing was entered."""

    async def __aenter__(self) -> Self:
        raise TypeError(f"{type(self).__name__} cannot be used in async with: it has no __aenter__ and __aexit__")

    async def __aexit__(self, *error: object) -> None:
        """Nothing was entered."""


class ObjectStorageBlock(LoggingBlock, ABC):
    """A storage of objects, such as a bucket."""

    @abstractmethod
    def download_object_to_path(self, from_path: str, to_path: str | Path, **options: Any) -> Any:
        """Copy one object to a file."""

    @abstractmethod
    def download_object_to_file_object(self, from_path: str, to_file_object: BinaryIO, **options: Any) -> Any:
        """Write one object into an open file."""

    @abstractmethod
    def download_folder_to_path(self, from_folder: str, to_folder: str | Path, **options: Any) -> Any:
        """Copy a folder to a directory."""

    @abstractmethod
    def upload_from_path(self, from_path: str | Path, to_path: str, **options: Any) -> Any:
        """Copy a file there."""

    @abstractmethod
    def upload_from_file_object(self, from_file_object: BinaryIO, to_path: str, **options: Any) -> Any:
        """Copy what an open file holds there."""

    @abstractmethod
    def upload_from_folder(self, from_folder: str | Path, to_folder: str, **options: Any) -> Any:
        """Copy a directory there."""
