"""Secrets that a deployment would store for everybody to read. They are refused, by where they stand and their name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from orchestrator.sdk.deployments.block_references import refuse_secret
from orchestrator.sdk.errors import DeploymentError

_IN_A_NAME = re.compile(
    r"secret|passw(or)?d|passphrase|token|credential|authorization|cookie|connection_?string|(?<=.)(?<!public_)key$"
    r"|^(auth|pwd|sig)$"
)
_OF_A_PLACE = re.compile(r"[a-z](_|-)?(ur[il]|endpoint|file|filename|path|name|type)$")
_NO_TOKENS = frozenset({"anon", "browser", "cache", "cloud", "google_default"})  # ways to get one, as gcsfs says them
_USER = re.compile(r"(?P<scheme>[A-Za-z][\w+.\-]*)://(?P<user>[^/?#@:]*)(?P<password>:[^/?#]*)?@")
_USERS_ARE_TOKENS = ("http", "https")
_NOT_A_USER = ("github", "git")  # github://owner:repository@revision/path


def refuse_open_secrets(settings: Any, what: str) -> None:
    """Raises DeploymentError for a secret in settings, at any depth, that is no reference to a block.

    A name tells what is one: it has `secret`, `password`, `passphrase`, `token`, `credential`, `authorization`,
    `cookie` or `connection_string` in it, ends in `key` (`account_key`, `apikey`), or is `auth`, `pwd` or `sig`. These
    are none: `key` alone, which is the public half of an S3 key, `key_prefix`, `…_key_id`, `public_key`, what ends as
    the name of a place does (`token_url`, `secret_name`, `password_file`), a file `….json`, and words for how a token
    is got (`token="anon"`).
    """
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            inner = f"{what}[{name!r}]"
            if _is_secret(str(name)):
                _refuse_texts(value, inner)
            refuse_open_secrets(value, inner)
    elif isinstance(settings, (list, tuple)):
        for each in settings:
            refuse_open_secrets(each, what)
    elif isinstance(settings, str):
        refuse_user(settings, what)


def refuse_user(url: str, what: str) -> None:
    """Raises DeploymentError for a URL with a password in it, or a token: before the host, or behind the `?`.

    A user without a password is refused in `http(s)` only, where tokens are written like that; elsewhere it is the
    user of ssh, or a container (`abfs://container@account…`).
    """
    for found in _USER.finditer(url):
        user, password, scheme = found["user"], (found["password"] or "")[1:], found["scheme"].lower()
        is_secret = bool(password) or scheme.rpartition("+")[2] in _USERS_ARE_TOKENS
        if is_secret and scheme not in _NOT_A_USER and "{{" not in user + password:
            raise DeploymentError(
                f"{what} has a user or a password before its host, which would be stored with the deployment for "
                "everybody to read: leave them out, and give credentials, access_token or settings with "
                'Secret.load("its-name")'
            )
    try:
        asked = parse_qsl(urlsplit(url).query)
    except ValueError:
        return
    for name, value in asked:
        if _is_secret(name):
            refuse_secret(value, f"{name} in {what}")


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return bool(_IN_A_NAME.search(lower)) and not _OF_A_PLACE.search(lower)


def _refuse_texts(value: Any, what: str) -> None:
    for each in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(each, (str, bytes)) and each not in _NO_TOKENS and not str(each).endswith(".json"):
            refuse_secret(each, what)
