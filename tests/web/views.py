"""Addresses that the tests of the engine ask for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse

blocked = threading.Event()
entered: list[str] = []
parts_made: list[int] = []
streams_closed: list[bool] = []


def which_thread(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.current_thread().name)


def wait(request: HttpRequest) -> HttpResponse:
    entered.append(request.GET.get("name", ""))
    blocked.wait(5)
    return HttpResponse("waited")


def length(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


def told_length(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.META["CONTENT_LENGTH"])


def own_address(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.path_info} {reverse('own')}")


def cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("ok")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


def fail(request: HttpRequest) -> HttpResponse:
    raise ValueError("broken view")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_parts(int(request.GET["parts"]), request.GET.get("fail")))


def _parts(count: int, fail: Any) -> Iterator[bytes]:
    try:
        for number in range(count):
            parts_made.append(number)
            yield b"x" * 50_000
            if fail:
                raise ValueError("broken stream")
    finally:
        streams_closed.append(True)


urlpatterns = [
    path("thread", which_thread),
    path("wait", wait),
    path("length", length),
    path("told-length", told_length),
    path("own", own_address, name="own"),
    path("cookies", cookies),
    path("fail", fail),
    path("stream", stream),
]
