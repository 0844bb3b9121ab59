"""The least that a page can be: one line, without styles and scripts."""

from __future__ import annotations

_PAGE = b"<!doctype html><title>Empty</title><link rel=icon href=data:,><p>Nothing but this line.</p>"
_HEADERS = [(b"content-type", b"text/html"), (b"content-length", str(len(_PAGE)).encode())]


async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _PAGE})
