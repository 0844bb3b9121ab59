"""What can go wrong with variables and blocks, by name."""

from __future__ import annotations

from uuid import UUID


class StoreError(Exception):
    """Something about a variable or a block could not be done."""


class NotFound(StoreError):
    """What was asked for does not exist."""


class VariableNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Variable not found.")


class BlockTypeNotFound(NotFound):
    def __init__(self, block_type_id: UUID | None = None) -> None:
        super().__init__("Block type not found" if block_type_id is None else f"Block type {block_type_id} not found.")


class BlockSchemaNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Block schema not found")


class BlockDocumentNotFound(NotFound):
    def __init__(self, document_id: UUID | None = None) -> None:
        text = "Block document not found" if document_id is None else f"Block document {document_id} not found."
        super().__init__(text)


class ViewNotFound(NotFound):
    def __init__(self, view: str) -> None:
        super().__init__(f"View {view} not found in registry")


class AlreadyExists(StoreError):
    """A name that has to be unique is taken."""


class ParentMissing(StoreError):
    """What a new object refers to does not exist."""


class Protected(StoreError):
    """It belongs to the system."""


class UnusableBlock(StoreError):
    """What was sent for a block cannot be stored, or leads nowhere."""


class NotForResults(StoreError):
    """The block cannot store results."""

    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"Block document {document_id} cannot be used for result storage.")


class CannotDecrypt(StoreError):
    """None of the keys opens what is stored. The message names the variable to set, and never what is stored."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The data of {what} cannot be decrypted: none of the keys in ORCHESTRATOR_ENCRYPTION_KEYS made it."
            " Add the key that was in use when it was saved."
        )


class HydrationFailed(StoreError):
    """A value that stands for another one leads nowhere."""


class BadTemplate(StoreError):
    """A template that cannot be read, asks for too much, or fails while it is filled in.

    `line` counts from 1, and is 0 when the template as a whole is meant.
    """

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.line = line
