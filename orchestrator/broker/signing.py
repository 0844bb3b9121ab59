"""Who wrote a message: one who has the key. Nothing of a message that is not signed is unpickled, or believed."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_FILE = "signing_key"


def signer_at(home: Path, *, key: str | None) -> Signer:
    """Signs with this key, or, when there is none, with the one that the data directory keeps.

    Raises OSError when that cannot be read, or made.
    """
    return Signer(key or kept_secret(home / _FILE, make=lambda: secrets.token_urlsafe(48)).strip())


class Signer:
    """Signs and checks with one key. `purpose` keeps a message of one kind from being passed off as another."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def sign(self, purpose: str, *parts: bytes) -> str:
        return hmac.new(self._key, _joined(purpose, parts), "sha256").hexdigest()

    def is_signed(self, signature: object, purpose: str, *parts: bytes) -> bool:
        return isinstance(signature, str) and hmac.compare_digest(
            signature.encode(), self.sign(purpose, *parts).encode()
        )


def kept_secret(path: Path, *, make: Callable[[], str]) -> str:
    """What is made once and kept in this file, readable by its owner alone. Raises OSError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with open(made, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(make())
        # Whole or not at all, and whoever of two processes is first.
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text()


def _joined(purpose: str, parts: tuple[bytes, ...]) -> bytes:
    # With their lengths, so that nothing can be moved from one part to the next.
    framed = [purpose.encode(), *parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in framed)
