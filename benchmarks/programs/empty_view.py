"""The least that an ASGI application can do: read the body and answer `null`."""

from __future__ import annotations

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"4")]


async def application(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"null"})
