"""Requests of blocks to addresses of the web. Redirects are answers, and are not followed."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from orchestrator.sdk.errors import WebRequestError

_AGENT = "orchestrator"
_LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
_PIECE_BYTES = 64 * 1024


class WebResponse:
    """The answer to a request. `content` are its bytes; `headers` are found whatever their case."""

    def __init__(self, status_code: int, content: bytes, headers: Any, asked: str) -> None:
        self.status_code = status_code
        self.content = content
        self.headers = headers
        self._asked = asked

    def __repr__(self) -> str:
        return f"<WebResponse {self.status_code}>"

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        return self.content.decode(self.headers.get_content_charset() or "utf-8", "replace")

    def json(self) -> Any:
        """Raises ValueError when it is no JSON."""
        return json.loads(self.content)

    def raise_for_status(self) -> WebResponse:
        """Itself. Raises WebRequestError unless the status is one of success."""
        if not self.is_success:
            raise WebRequestError(f"{self._asked} answered {self.status_code}")
        return self


def request(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    timeout_seconds: float,
    verify: bool = True,
    allow_private: bool = True,
) -> WebResponse:
    """Ask and wait for the answer. `params` are added to the address.

    The server may be silent for `timeout_seconds`, and the answer must be whole soon after so many and have at most
    64 MiB; it is looked at between pieces. With `allow_private=False` the address must be one of the public internet,
    also after its name was looked up, and proxies are not used. Raises WebRequestError, which names the host only: an
    address may be secret.
    """
    asked = _host_of(url)
    deadline = time.monotonic() + timeout_seconds
    if params:
        url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"
    try:
        asking = urllib.request.Request(
            url, data=body, method=method, headers={"User-Agent": _AGENT, **(headers or {})}
        )
        with _opener(verify=verify, allow_private=allow_private).open(asking, timeout=timeout_seconds) as answer:
            return WebResponse(answer.status, _content(answer, asked, deadline), answer.headers, asked)
    except WebRequestError:
        raise
    except urllib.error.URLError as error:
        if isinstance(error.reason, WebRequestError):
            raise error.reason from None
        raise WebRequestError(f"{asked} cannot be reached: {error.reason}") from error
    except (ValueError, http.client.InvalidURL):  # without the cause, which shows what was refused
        raise WebRequestError(
            f"{asked} cannot be asked: the address or a header has a character that is not allowed"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise WebRequestError(f"{asked} cannot be reached: {type(error).__name__}") from error


def refuse_private_address(url: str) -> None:
    """Raises WebRequestError unless every address of the host is one of the public internet."""
    _host_of(url)
    parts = urlsplit(url)
    _public_addresses(parts.hostname or "", parts.port or 443)


def _content(answer: Any, asked: str, deadline: float) -> bytes:
    """What was answered, got in pieces. Raises WebRequestError when that is too much or takes too long."""
    content = bytearray()
    while piece := answer.read1(_PIECE_BYTES):
        content += piece
        if len(content) > _LARGEST_ANSWER_BYTES:
            raise WebRequestError(f"{asked} answered with more than {_LARGEST_ANSWER_BYTES} bytes")
        if time.monotonic() > deadline:
            raise WebRequestError(f"{asked} began to answer, but was not done in time")
    if answer.length:  # of what its header promised
        raise http.client.IncompleteRead(bytes(content), answer.length)
    return bytes(content)


def _host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        pass
    raise WebRequestError("The address is none of the web; it must begin with http:// or https://")


def _public_addresses(host: str, port: int) -> list[str]:
    try:
        found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise WebRequestError(f"{host} cannot be found: {error}") from error
    private = [each for each in found if not _is_public(each)]
    if private or not found:
        raise WebRequestError(f"{host} is a private address, which allow_private_urls=False refuses")
    return found


def _is_public(address: str) -> bool:
    told = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(told, "ipv4_mapped", None)
    told = mapped if mapped is not None else told
    return told.is_global and not told.is_multicast


def _opener(*, verify: bool, allow_private: bool) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    handlers: list[urllib.request.BaseHandler] = [_TakeEveryAnswer()]
    if allow_private:
        return urllib.request.build_opener(*handlers, urllib.request.HTTPSHandler(context=context))
    handlers += [urllib.request.ProxyHandler({}), _PublicHttp(), _PublicHttps(context=context)]
    return urllib.request.build_opener(*handlers)


class _TakeEveryAnswer(urllib.request.HTTPErrorProcessor):
    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


def _connected(self: http.client.HTTPConnection) -> socket.socket:
    """To an address that was looked at, not to what the name says a moment later."""
    last: OSError | None = None
    for address in _public_addresses(self.host, self.port):
        try:
            return socket.create_connection((address, self.port), self.timeout)
        except OSError as error:
            last = error
    raise last or OSError("no address")


class _PublicConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = _connected(self)


class _PublicSecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        self.sock = context.wrap_socket(_connected(self), server_hostname=self.host)


class _PublicHttp(urllib.request.HTTPHandler):
    def http_open(self, request: Any) -> Any:
        return self.do_open(_PublicConnection, request)


class _PublicHttps(urllib.request.HTTPSHandler):
    def https_open(self, request: Any) -> Any:
        return self.do_open(_PublicSecureConnection, request, context=self._context)  # type: ignore[attr-defined]
