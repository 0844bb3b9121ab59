"""What is found, and where its page is."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Hit:
    name: str
    url: str
    beside: str = ""  # what tells it from others of the name
    state: tuple[str | None, str | None] | None = None  # type and name of a run's state


@dataclass(frozen=True, slots=True)
class Kind:
    """Hits of one kind, those that fit best first; `is_cut`: there are more."""

    word: str
    hits: tuple[Hit, ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The words as they were typed, and the identifiers that they may be the beginning of."""

    text: str
    first_id: UUID | None = None
    last_id: UUID | None = None

    @property
    def identifier(self) -> UUID | None:
        """A whole identifier."""
        return self.first_id if self.first_id is not None and self.first_id == self.last_id else None


LEAST_OF_IDENTIFIER = 8  # hexadecimal digits; less than that is rather a name
_DIGITS = 32


def read_words(text: str) -> Asked:
    text = text.strip()[:200]
    digits = text.replace("-", "").casefold()
    if LEAST_OF_IDENTIFIER <= len(digits) <= _DIGITS and all(digit in "0123456789abcdef" for digit in digits):
        return Asked(text, UUID(digits.ljust(_DIGITS, "0")), UUID(digits.ljust(_DIGITS, "f")))
    return Asked(text)
