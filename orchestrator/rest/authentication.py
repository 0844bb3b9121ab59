"""Who may call: the auth string, API keys, and people who are logged in. Sockets ask the same functions."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission

from orchestrator.accounts.models import ApiKey, User, digest_of
from orchestrator.accounts.roles import Role, role_of
from orchestrator.contract.times import now
from orchestrator.rest.forgery import forgery_of
from orchestrator.statements.reading import PreparedQuery

TOUCH_EVERY = timedelta(minutes=1)  # how exact `last_used_at` of a key is

_usable = PreparedQuery(
    lambda digest, at: ApiKey.objects.usable(at).filter(digest=digest).select_related("user"),
    moments=["at"],
    texts=["digest"],
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes a request: a person, a program with a key, or anybody who knows the auth string."""

    user: User | None = None
    key: ApiKey | None = None

    is_authenticated = True  # what DRF asks of a user

    @property
    def role(self) -> Role:
        """That of the person. A program whose key belongs to nobody may do everything, as the auth string may."""
        return role_of(self.user) if self.user is not None else Role.ADMIN

    def __str__(self) -> str:
        return str(self.user or self.key or "auth string")


ANYONE = Actor()


def auth_required() -> bool:
    return settings.API_AUTH == "required"


def authenticate_token(token: str | None) -> Actor | None:
    """The actor who holds `token`: the auth string in clear (`user:password`) or an API key. None when nobody does.

    A server that is open to everybody accepts every token, also none.
    """
    if token:
        if any(secret and _same(token, secret) for secret in (settings.API_AUTH_STRING, settings.EMBEDDED_WORKER_KEY)):
            return ANYONE
        key = _usable_key(token)
        if key is not None:
            return Actor(user=key.user, key=key)
    return None if auth_required() else ANYONE


def authenticate_header(header: str) -> Actor | None:
    """The actor of an `Authorization` header, or None. The empty header stands for no token."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            return authenticate_token(base64.b64decode(credentials.strip(), validate=True).decode())
        except (binascii.Error, UnicodeDecodeError):
            return authenticate_token(None)
    return authenticate_token(credentials.strip() if scheme.lower() == "bearer" else None)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _usable_key(token: str) -> ApiKey | None:
    at = now()
    key = _usable.first(digest=digest_of(token), at=at)
    if key is None or (key.user is not None and not key.user.is_active):
        return None
    if key.last_used_at is None or at - key.last_used_at > TOUCH_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=at - TOUCH_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)
    return key


class ApiAuthentication(BaseAuthentication):
    """`Authorization: Basic` with the auth string, `Authorization: Bearer` with a key, else the session of a page."""

    def authenticate(self, request: Any) -> tuple[Actor, None] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if header or not auth_required():
            actor = authenticate_header(header)
            return (actor, None) if actor is not None else None
        user = getattr(request._request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        self._refuse_forged(request._request)
        return Actor(user=user), None

    def authenticate_header(self, request: Any) -> str:
        return "Basic"

    def _refuse_forged(self, request: Any) -> None:
        """A browser sends its session's cookie on its own accord, so only then the CSRF token is needed."""
        reason = forgery_of(request)
        if reason is not None:
            raise PermissionDenied(f"CSRF: {reason}")


class MayUseApi(BasePermission):
    """Everybody on an open server; on the others whoever is known: viewers to read, operators and admins to write.

    Views with `open_to_all` answer anybody.
    """

    message = "Only the roles operator and admin may do that."

    def has_permission(self, request: Any, view: Any) -> bool:
        if getattr(view, "open_to_all", False):
            return True
        actor = request.user
        return isinstance(actor, Actor) and (only_reads(request) or actor.role >= Role.OPERATOR)


def only_reads(request: Any) -> bool:
    """Whether a request changes nothing. Many questions of the contract are asked with POST.

    No other method asks them: an address may end with a name, and somebody may have called a limit `count`.
    """
    if request.method == "POST":
        return _QUESTION.search(request.path_info) is not None
    return request.method in ("GET", "HEAD", "OPTIONS")


# The last words of the addresses that are questions.
_QUESTION = re.compile(
    r"/(?:filter|filter/next|count|count-task-runs|count-deployments|dashboard/counts|paginate|history|lateness|validate"
    r"|count-by/[^/]+)/?$"
)
