"""The data of blocks is encrypted before it is stored, and read with whichever of the keys fits."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from orchestrator.rest.json import dump, load_json
from orchestrator.store.errors import CannotDecrypt


def encrypted(data: Any) -> str:
    """JSON data, encrypted with the first key."""
    return _locksmith(tuple(settings.ENCRYPTION_KEYS)).encrypt(dump(data)).decode()


def decrypted(text: str, *, of: str) -> Any:
    """The data. Raises CannotDecrypt, which names `of`, when no key fits."""
    try:
        return load_json(_locksmith(tuple(settings.ENCRYPTION_KEYS)).decrypt(text.encode()))
    except (InvalidToken, orjson.JSONDecodeError):
        raise CannotDecrypt(of) from None


def reencrypted(text: str, *, of: str) -> str:
    """The same data, encrypted with the first key. Raises CannotDecrypt."""
    try:
        return _locksmith(tuple(settings.ENCRYPTION_KEYS)).rotate(text.encode()).decode()
    except InvalidToken:
        raise CannotDecrypt(of) from None


def uses_newest_key(text: str) -> bool:
    """Whether the first key made it."""
    try:
        Fernet(settings.ENCRYPTION_KEYS[0]).decrypt(text.encode())
    except InvalidToken:
        return False
    return True


@cache
def _locksmith(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
