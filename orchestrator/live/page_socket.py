"""`/ws/live`: one socket per open page. The protocol is described in `orchestrator.live.notices`."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.utils.module_loading import import_string

from orchestrator.live.hub import current_hub
from orchestrator.live.missed import topics_since
from orchestrator.live.notices import MOST_TOPICS, NoticeBoard, is_topic
from orchestrator.live.sockets import POLICY_VIOLATION, PROTOCOL_ERROR, Refuse, Socket, until_first_ends
from orchestrator.rest.authentication import auth_required, authenticate_header
from orchestrator.web.threads import http_threads

_boards: WeakKeyDictionary[asyncio.AbstractEventLoop, NoticeBoard] = WeakKeyDictionary()
_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


class PageSocket(Socket):
    """Tells one page which of its topics changed. What a slow page has not heard yet is told in one notice."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._topics: frozenset[str] = frozenset()
        self._changed: set[str] = set()
        self._changed_at = 0.0  # the last time, in seconds since 1970
        self._awake = asyncio.Event()

    async def admit(self) -> None:
        if auth_required() and not await self.is_known():
            raise Refuse(POLICY_VIOLATION, "Unauthorized")
        await self.accept()

    async def is_known(self) -> bool:
        return await http_threads.call(self._may_read)

    async def converse(self) -> None:
        board = await join_board()
        try:
            await until_first_ends(self._listen(board), self._tell())
        finally:
            board.unwatch(self._topics, self.note)
            await leave_board(board)

    def note(self, topics: frozenset[str]) -> None:
        self._changed |= topics
        self._changed_at = time.time()
        self._awake.set()

    async def _listen(self, board: NoticeBoard) -> None:
        while True:
            topics, made = read_subscription(await self.receive_text())
            board.unwatch(self._topics, self.note)
            self._topics = topics
            board.watch(topics, self.note)
            missed = await http_threads.call(topics_since, made, topics) if made is not None else None
            told = sorted(missed) if missed is not None else None
            at = time.time()
            await self.send_object({"type": "subscribed", "topics": sorted(topics), "missed": told, "at": at})

    async def _tell(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            topics, self._changed = self._changed & self._topics, set()
            if topics:
                await self.send_object({"type": "changed", "topics": sorted(topics), "at": self._changed_at})

    def _may_read(self) -> bool:
        """The page's user is logged in, or a program sent its key."""
        header = self.header(b"authorization")
        if header and authenticate_header(header) is not None:
            return True
        cookies = parse_cookie(self.header(b"cookie"))
        request = HttpRequest()
        store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        request.session = store(cookies.get(settings.SESSION_COOKIE_NAME))
        user = get_user(request)
        return user.is_authenticated and user.is_active


def read_subscription(frame: str | bytes) -> tuple[frozenset[str], float | None]:
    """The topics, and when the page was made. Raises Refuse when the frame is not a subscription."""
    try:
        asked = orjson.loads(frame)
    except orjson.JSONDecodeError:
        asked = None
    is_subscription = isinstance(asked, dict) and asked.get("type") == "subscribe"
    topics, made = (asked.get("topics"), asked.get("made")) if is_subscription else (None, None)
    if not isinstance(topics, list) or len(topics) > MOST_TOPICS or not all(is_topic(topic) for topic in topics):
        raise Refuse(PROTOCOL_ERROR, f"Expected a subscription to at most {MOST_TOPICS} known topics")
    if made is not None and (isinstance(made, bool) or not isinstance(made, int | float)):
        raise Refuse(PROTOCOL_ERROR, "Expected seconds since 1970 as the time when the page was made")
    return frozenset(topics), made


async def join_board() -> NoticeBoard:
    """The event loop's board, which listens to the hub while it has readers."""
    hub = current_hub()
    board = _boards.setdefault(hub.loop, NoticeBoard(hub.loop))
    _readers[hub.loop] = _readers.get(hub.loop, 0) + 1
    hub.watch_lines(board.lines_came)
    await hub.watch_events(board.events_came)
    return board


async def leave_board(board: NoticeBoard) -> None:
    hub = current_hub()
    _readers[hub.loop] -= 1
    if not _readers[hub.loop]:
        hub.unwatch_lines(board.lines_came)
        await hub.unwatch_events(board.events_came)
