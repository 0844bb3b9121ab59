"""The least that pages can be, without styles and scripts: a line; at `/rows/50` a table as large as a list of runs."""

from __future__ import annotations

_CELLS = 9
_OTHERS = "".join(f"<td>cell {number}</td>" for number in range(1, _CELLS))
_HEAD = "<!doctype html><title>Plain</title><link rel=icon href=data:,>"


def _table(rows: int) -> bytes:
    return f"{_HEAD}<table>{''.join(_row(number) for number in range(rows))}</table>".encode()


def _row(number: int) -> str:
    return f"<tr><td><a href='/'>run {number}</a></td>{_OTHERS}</tr>"


_PAGES = {
    "/": f"{_HEAD}<p>Nothing but this line.</p>".encode(),
    "/rows/50": _table(50),
    "/rows/100": _table(100),
}


async def application(scope, receive, send):
    page = _PAGES[scope["path"]]
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(page)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page})
