"""The least that pages can be, without styles and scripts: one line; at `/rows` a table as large as a list of runs."""

from __future__ import annotations

_ROWS, _CELLS = 100, 9
_ROW = "".join(f"<td>cell {number}</td>" for number in range(1, _CELLS))
_TABLE = "".join(f"<tr><td><a href='/'>run {number}</a></td>{_ROW}</tr>" for number in range(_ROWS))
_HEAD = "<!doctype html><title>Plain</title><link rel=icon href=data:,>"
_PAGES = {"/": f"{_HEAD}<p>Nothing but this line.</p>".encode(), "/rows": f"{_HEAD}<table>{_TABLE}</table>".encode()}


async def application(scope, receive, send):
    page = _PAGES[scope["path"]]
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(page)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page})
