"""Archives from a path, from a real HTTP server, and hostile ones."""

import hashlib
import io
import os
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator.worker.code.archives import archive_source, unpacked
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.limits import Limits


class FileServer:
    """Serves bytes under any path, with an ETag; asks for a bearer `token`, if there is one."""

    def __init__(self, token=None):
        self.content = b""
        self.answers = []
        self.redirect = None
        self.headers = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                tag = f'"{hashlib.md5(server.content).hexdigest()}"'
                if server.redirect:
                    self._answer(302, {"Location": server.redirect})
                elif token and self.headers.get("Authorization") != f"Bearer {token}":
                    self._answer(401, {})
                elif self.headers.get("If-None-Match") == tag:
                    self._answer(304, {})
                else:
                    self._answer(200, {"ETag": tag}, server.content)

            def _answer(self, status, headers, content=b""):
                server.answers.append(status)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/flows.zip"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    server = FileServer()
    server.content = zipped({"flows.py": "WORD = 'one'"})
    yield server
    server.close()


@pytest.fixture
def unpack(cache, fetching, tmp_path):
    count = 0

    def unpack(url, **options):
        nonlocal count
        count += 1
        target = tmp_path / f"target-{count}"
        unpacked(archive_source(str(url), **options), target, cache=cache, fetching=fetching)
        return target

    return unpack


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(*members):
    """Members are (name, content) or TarInfo objects."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1].encode()))
    return buffer.getvalue()


def link(name, to, *, hard=False):
    info = tarfile.TarInfo(name)
    info.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
    info.linkname = to
    return info


def test_unpacks_a_zip_from_a_server(server, unpack):
    assert (unpack(server.url) / "flows.py").read_text() == "WORD = 'one'"


def test_loads_it_again_only_when_it_has_changed(server, unpack):
    unpack(server.url)
    unpack(server.url)
    server.content = zipped({"flows.py": "WORD = 'two'"})

    third = unpack(server.url)

    assert server.answers == [200, 304, 200]
    assert (third / "flows.py").read_text() == "WORD = 'two'"


def test_asks_nobody_for_an_archive_that_is_pinned(server, unpack):
    digest = hashlib.sha256(server.content).hexdigest()
    unpack(server.url, sha256=digest)

    unpack(server.url, sha256=digest)

    assert server.answers == [200]


def test_refuses_another_archive_than_the_pinned_one(server, unpack):
    with pytest.raises(CodeUnavailable, match="has the SHA-256"):
        unpack(server.url, sha256="0" * 64)


def test_sends_a_token_and_tells_it_to_nobody(unpack):
    server = FileServer(token="s3cret-token")
    server.content = zipped({"flows.py": ""})

    unpack(server.url, token="s3cret-token")

    with pytest.raises(CodeUnavailable, match="answered 401") as caught:
        unpack(server.url, token="wr0ng-token")
    server.close()
    assert "wr0ng" not in str(caught.value)


def test_takes_no_token_to_another_host(server, unpack):
    first = FileServer()
    first.redirect = server.url

    unpack(first.url, token="s3cret-token")

    first.close()
    assert "authorization" in first.headers[0]
    assert "authorization" not in server.headers[0]


def test_follows_no_redirect_to_a_file(unpack):
    server = FileServer()
    server.redirect = "file:///etc/passwd"

    with pytest.raises(CodeUnavailable):
        unpack(server.url)

    server.close()


def test_unpacks_a_tar_file_from_a_path(tmp_path, unpack):
    path = tmp_path / "flows.tar.gz"
    path.write_bytes(tarred(("a/flows.py", "A = 1"), link("a/same.py", "flows.py")))

    target = unpack(f"file://{path}")

    assert (target / "a" / "same.py").read_text() == "A = 1"


def test_sees_a_changed_file(tmp_path, unpack):
    path = tmp_path / "flows.zip"
    path.write_bytes(zipped({"flows.py": "one"}))
    unpack(path)
    path.write_bytes(zipped({"flows.py": "two"}))

    assert (unpack(path) / "flows.py").read_text() == "two"


def test_unpacks_from_what_fsspec_reaches(unpack):
    import fsspec

    with fsspec.open("memory://archives/flows.zip", "wb") as file:
        file.write(zipped({"flows.py": "memory"}))

    assert (unpack("memory://archives/flows.zip") / "flows.py").read_text() == "memory"


HOSTILE = {
    "zip above": zipped({"../pwned": "x"}),
    "zip absolute": zipped({"/pwned": "x"}),
    "zip backslash": zipped({"..\\pwned": "x"}),
    "zip drive": zipped({"C:pwned": "x"}),
    "tar above": tarred(("a/../../pwned", "x")),
    "tar absolute": tarred(("/pwned", "x")),
    "link outside": tarred(link("out", "../..")),
    "link absolute": tarred(link("out", "/etc")),
    "hard link outside": tarred(link("out", "../../etc/passwd", hard=True)),
    "link outside, by another link": tarred(link("here", "."), link("out", "here/..")),
    "through a link": tarred(link("out", "."), link("out/more", "..")),
    "no archive": b"nothing of the kind",
    "device": tarred(next(iter([i for i in [tarfile.TarInfo("device")] if not setattr(i, "type", tarfile.CHRTYPE)]))),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_refuses_what_wants_to_get_out(tmp_path, unpack, cache, content):
    path = tmp_path / "hostile"
    path.write_bytes(content)
    before = sorted(each.name for each in tmp_path.iterdir())

    with pytest.raises(CodeUnavailable):
        unpack(path)

    assert sorted(each.name for each in tmp_path.iterdir() if each != cache.home) == before
    assert not list(cache.home.rglob("pwned"))


def test_counts_what_comes_out_and_not_what_is_promised(tmp_path, cache):
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped({"zeros": "0" * 5_000_000}))
    assert os.path.getsize(path) < 10_000

    with pytest.raises(CodeUnavailable, match="larger than"):
        unpacked(
            archive_source(str(path)),
            tmp_path / "target",
            cache=cache,
            fetching=Fetching(Limits(source_bytes=1_000_000)),
        )
