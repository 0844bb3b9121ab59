"""Somebody who signed in and reads the pages."""

from __future__ import annotations

import random
import re
import subprocess
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from websockets.sync.client import ClientConnection, connect

from benchmarks.sides import Side

PAGES = (
    "/",
    "/runs/",
    "/runs/tasks",
    "/deployments/",
    "/flows/",
    "/events",
    "/artifacts",
    "/concurrency-limits",
    "/work-pools",
    "/errors",
    "/services",
    "/status",
)
_NAME, _PASSWORD = "reader", "of the soak 8"


class NotRead(Exception):
    """A page was answered with something else than the page."""


class Reader:
    def __init__(self, side: Side) -> None:
        self._url = str(side.api_url).removesuffix("/api")
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))

    def sign_in(self) -> None:
        with self._opener.open(f"{self._url}/sign-in", timeout=20) as answer:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
        assert token is not None
        form = {"username": _NAME, "password": _PASSWORD, "csrfmiddlewaretoken": token[1]}
        self._opener.open(f"{self._url}/sign-in", urllib.parse.urlencode(form).encode(), timeout=20).close()
        self.fetch("/")

    def open_one(self, chance: random.Random, *, run: str) -> None:
        """One of the lists, or the page of the run."""
        self.fetch(chance.choice([*PAGES, *[f"/runs/flow-run/{run}"] * 4]))

    def fetch(self, path: str) -> None:
        """Raises NotRead, or OSError while the server is away."""
        try:
            with self._opener.open(f"{self._url}{path}", timeout=20) as answer:
                body = answer.read()
                if "/sign-in" in answer.url or b"</html>" not in body:
                    raise NotRead(f"{path} was answered with {answer.url}, {len(body)} bytes")
        except urllib.error.HTTPError as error:
            if error.code not in (502, 503):
                raise NotRead(f"{path} was answered with {error.code}") from None
            raise

    def socket(self) -> ClientConnection:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)
        return connect(f"{self._url.replace('http', 'ws', 1)}/ws/live", additional_headers={"Cookie": cookies})


def make_reader(side: Side) -> None:
    """The user that signs in. Raises OSError when that fails."""
    done = subprocess.run(
        [side.python, "-m", side.library, "user", "create", _NAME, "--password-stdin"],
        input=_PASSWORD,
        env=side.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(done.stderr)
