"""One rendering of a live part for everybody who looks at it.

When something changes, every page that shows it asks for the same part at the same moment. The first one has it made,
the others get a copy, until the next change of what the part shows. Whether something changed is known from the topics
that sockets of this process watch; a part that nobody watches is made anew each time.

Another process may have told a page of a change that this one has not read yet. So the page says when it was told, and
is given nothing that was begun before.

A rendering is shared for a moment only, as much of a part is told by the clock or by what its topics do not tell of. A
part that says that it changes by itself, with `data-poll` or `data-settles`, is not shared.

Only for parts that are the same for all readers of one role: what is somebody's own must not be shared. Tokens against
forged requests are taken out; the page puts its own into the forms.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from functools import wraps
from itertools import count
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from orchestrator.accounts.roles import role_of
from orchestrator.pages.page import View

MOST_PARTS = 200  # kept; the one that was asked for longest ago goes first
MOST_BYTES = 300_000  # of a part that is kept
MOST_SECONDS = 2.0  # that a part is kept: those who are told of one change ask within that time
_TOPICS = re.compile(rb'data-live="([^"]*)"')
_CHANGES_BY_ITSELF = re.compile(rb' data-(?:poll|settles)="')
TOLD_AT = "X-Orchestrator-Told-At"  # a header: seconds since 1970
_TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*"')


class Versions:
    """Of each watched topic, a number that grows with every change. Asked and told from several threads."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._current: dict[str, int] = {}
        self._lock = threading.Lock()

    def watched(self, topic: str) -> None:
        """From now on every change of the topic is told. What was known of it before counts no more."""
        with self._lock:
            self._current[topic] = next(self._numbers)

    def unwatched(self, topic: str) -> None:
        with self._lock:
            self._current.pop(topic, None)

    def changed(self, topics: Iterable[str]) -> None:
        with self._lock:
            for topic in topics:
                if topic in self._current:
                    self._current[topic] = next(self._numbers)

    def of(self, topics: Iterable[str]) -> tuple[int, ...] | None:
        """None when one of the topics is not watched, so that nobody knows whether it changed."""
        with self._lock:
            found = [self._current.get(topic) for topic in topics]
        return None if not found or None in found else tuple(number for number in found if number is not None)

    def latest(self) -> int:
        """A number that no change has had yet: what was read after this was asked is at least that new."""
        with self._lock:
            return next(self._numbers)


class Rendering(NamedTuple):
    """`begun` is the number that was the latest before the rows were read, `begun_at` when that was, in seconds since
    1970; `kept_at` is by the clock that never goes back."""

    begun: int
    begun_at: float
    kept_at: float
    topics: tuple[str, ...]
    content: bytes


class Parts:
    """The renderings that are still true."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._kept: OrderedDict[Hashable, Rendering] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self.made = 0  # renderings since the process began

    def find(self, key: Hashable, told_at: float = 0.0) -> bytes | None:
        """What was made since the last change of its topics that this process or the reader knows of; None when it must
        be made. `told_at` is when the reader was told of one, in seconds since 1970."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            return None
        current = self._versions.of(kept.topics)
        if current is None or max(current) > kept.begun or kept.begun_at <= told_at:
            return None
        if time.monotonic() - kept.kept_at > MOST_SECONDS:
            return None
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
        return kept.content

    def keep(self, key: Hashable, begun: int, begun_at: float, content: bytes) -> None:
        """`begun` and `begun_at` as a rendering has them."""
        self.made += 1
        found = _TOPICS.search(content)
        topics = tuple(found[1].decode().split()) if found else ()
        if len(content) > MOST_BYTES or _CHANGES_BY_ITSELF.search(content) or self._versions.of(topics) is None:
            return
        with self._lock:
            self._kept[key] = Rendering(begun, begun_at, time.monotonic(), topics, content)
            while len(self._kept) > MOST_PARTS:
                self._kept.popitem(last=False)

    def turn(self, key: Hashable) -> threading.Lock:
        """Whoever holds it makes the part; the others wait and then find it."""
        with self._lock:
            if len(self._making) > MOST_PARTS:
                self._making = {other: lock for other, lock in self._making.items() if lock.locked()}
            return self._making.setdefault(key, threading.Lock())


versions = Versions()
parts = Parts(versions)


def shared_parts(view: View) -> View:
    """Of a page whose live parts are the same for all readers of a role. Stands below `page`.

    `?fragment=<name>` is answered from a rendering for somebody else where that is still true.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "fragment" not in request.GET or request.method != "GET":
            return view(request, *args, **kwargs)
        key = _key(request)
        with parts.turn(key):
            content = parts.find(key, _told_at(request))
            if content is not None:
                return HttpResponse(content)
            begun, begun_at = versions.latest(), time.time()
            response = view(request, *args, **kwargs)
            if response.status_code == 200 and isinstance(response, HttpResponse):
                response.content = _TOKEN.sub(rb'\1"', response.content)
                parts.keep(key, begun, begun_at, response.content)
        return response

    return answer


def _told_at(request: HttpRequest) -> float:
    """0 when the reader was told of nothing, as one who opens a page."""
    try:
        return float(request.headers.get(TOLD_AT, 0))
    except ValueError:
        return 0.0


def _key(request: HttpRequest) -> Hashable:
    """What a part may depend on besides the rows: its address, the reader's role and settings, the server's name."""
    own = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    user = request.user
    reader = (role_of(user), user.is_staff) if user.is_authenticated else None
    choices = tuple(sorted((name, value) for name, value in request.COOKIES.items() if name not in own))
    return (request.get_host(), request.scheme, request.get_full_path(), reader, choices)
