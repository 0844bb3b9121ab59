"""Real repositories, by file:// and by HTTP with a password."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.worker.code.cache import CodeCache
from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.fetching import Fetching
from orchestrator.worker.code.git import checked_out, git_source, login_from
from orchestrator.worker.code.limits import Limits
from tests.worker.code.repositories import GitServer, Repository


@pytest.fixture
def check_out(cache, fetching, tmp_path):
    """Checks out a source and gives its directory."""
    count = 0

    def check_out(url, **options):
        nonlocal count
        count += 1
        target = tmp_path / f"run-{count}" / "clone"
        target.parent.mkdir()
        checked_out(git_source(url, **options), target, cache=cache, fetching=fetching)
        return target

    return check_out


def word(directory: Path) -> str:
    return (directory / "flows.py").read_text().partition("'")[2].partition("'")[0]


def test_checks_out_the_default_branch_and_sees_what_follows(repository, check_out):
    first = check_out(repository.url)

    repository.commit({"flows.py": "WORD = 'two'\n"})

    assert word(first) == "one"
    assert word(check_out(repository.url)) == "two"


def test_checks_out_branches_tags_and_commits(repository, check_out):
    one = repository.git("rev-parse", "HEAD")
    repository.git("tag", "-a", "v1", "-m", "the first")
    repository.git("branch", "team/side")
    repository.commit({"flows.py": "WORD = 'two'\n"})

    assert word(check_out(repository.url, ref="main")) == "two"
    assert word(check_out(repository.url, ref="team/side")) == "one"
    assert word(check_out(repository.url, ref="v1")) == "one"
    assert word(check_out(repository.url, commit=one)) == "one"
    assert word(check_out(repository.url, commit=one[:9])) == "one"


def test_gives_each_run_a_copy_of_its_own(repository, check_out):
    first, second = check_out(repository.url), check_out(repository.url)

    (first / "flows.py").write_text("WORD = 'changed'\n")

    assert word(second) == "one"
    assert word(check_out(repository.url)) == "one"
    status = subprocess.run(["git", "status", "--porcelain"], cwd=second, capture_output=True, check=True)
    assert status.stdout == b""


def test_fetches_a_commit_once_and_then_needs_no_network(repository, check_out):
    commit = repository.git("rev-parse", "HEAD")
    check_out(repository.url, commit=commit)
    repository.place.rename(repository.place.with_name("gone"))

    again = check_out(repository.url, commit=commit)

    assert word(again) == "one"
    with pytest.raises(CodeUnavailable, match=r"flows\.git cannot be read \(git ls-remote\)"):
        check_out(repository.url)


def test_takes_only_the_directories_that_are_wanted(repository, check_out):
    clone = check_out(repository.url, directories=["below"])

    assert (clone / "below" / "more.py").exists()
    assert (clone / "flows.py").exists()
    assert not (clone / "other").exists()


def test_takes_submodules_along_when_asked(repository, tmp_path, check_out):
    library = Repository(tmp_path / "served" / "library.git")
    library.commit({"library.py": "WORD = 'library'\n"})
    repository.git("submodule", "--quiet", "add", library.url, "library")
    repository.commit({})

    with_it, without = check_out(repository.url, submodules=True), check_out(repository.url)

    assert (with_it / "library" / "library.py").exists()
    assert not (without / "library" / "library.py").exists()


def test_opens_a_private_repository_with_a_token(private_server, check_out):
    clone = check_out(f"{private_server.url}/flows.git", credentials={"access_token": "s3cret-token"})

    assert word(clone) == "one"


def test_leaves_the_token_nowhere(private_server, check_out, cache):
    clone = check_out(f"{private_server.url}/flows.git", credentials="s3cret-token")

    found = [path for path in [*cache.home.rglob("*"), *clone.rglob("*")] if path.is_file()]
    assert found
    assert not [path for path in found if b"s3cret" in path.read_bytes() or b"s3cret" in str(path).encode()]


def test_never_shows_the_token_on_a_command_line(private_server, check_out, monkeypatch):
    seen = []
    real = Fetching.run

    def watching(self, command, **options):
        seen.append(command)
        return real(self, command, **options)

    monkeypatch.setattr(Fetching, "run", watching)

    check_out(f"{private_server.url}/flows.git", credentials="s3cret-token")

    assert len(seen) > 3
    assert "s3cret" not in str(seen)


def test_says_that_a_repository_is_private(private_server, check_out):
    with pytest.raises(CodeUnavailable, match="Is it private\\? Give a token"):
        check_out(f"{private_server.url}/flows.git")


def test_does_not_tell_a_token_that_was_refused(private_server, check_out):
    with pytest.raises(CodeUnavailable, match="cannot be read") as caught:
        check_out(f"http://somebody:wr0ng-token@{private_server.url[7:]}/flows.git")

    assert "wr0ng" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_gives_cached_private_code_only_to_who_can_open_it(private_server, repository, check_out):
    url, commit = f"{private_server.url}/flows.git", repository.git("rev-parse", "HEAD")
    check_out(url, commit=commit, credentials="s3cret-token")
    asked = len(private_server.requests)

    check_out(url, commit=commit, credentials="s3cret-token")

    assert len(private_server.requests) == asked
    with pytest.raises(CodeUnavailable, match="cannot be read"):
        check_out(url, commit=commit)


def test_sends_the_token_to_its_own_host_alone(private_server, repository, tmp_path, check_out):
    other = GitServer(repository.place.parent)
    repository.git("submodule", "--quiet", "add", "--name", "sub", f"{other.url}/flows.git", "sub")
    repository.commit({})

    check_out(f"{private_server.url}/flows.git", credentials="s3cret-token", submodules=True)

    other.close()
    assert other.requests
    assert not [headers for headers in other.headers if "authorization" in headers]


def test_gives_private_submodules_to_nobody_who_could_not_get_them(repository, tmp_path, check_out):
    library = Repository(repository.place.parent / "library.git")
    library.commit({"library.py": "WORD = 'library'\n"})
    server = GitServer(repository.place.parent, login="x-access-token:s3cret-token", protected="/library.git")
    repository.git("submodule", "--quiet", "add", library.url, "library")
    repository.git("config", "--file", ".gitmodules", "submodule.library.url", f"{server.url}/library.git")
    repository.commit({".gitmodules": (repository.place / ".gitmodules").read_text()})
    private = check_out(f"{server.url}/flows.git", submodules=True, credentials="s3cret-token")

    with pytest.raises(CodeUnavailable):
        check_out(f"{server.url}/flows.git", submodules=True)

    server.close()
    assert (private / "library" / "library.py").exists()


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch pwned",
        "ext::sh -c touch% pwned",
        "git://example.org/repository.git",
        "https://-oProxyCommand=touch/x",
        "ssh://-oProxyCommand=touch/x",
        "-oProxyCommand=x:y",
        "ftp://example.org/x.git",
        "relative/path",
        "https://example.org/x\n.git",
        "",
        None,
    ],
)
def test_refuses_urls_that_are_none(url):
    with pytest.raises(CodeUnavailable):
        git_source(url)


@pytest.mark.parametrize("ref", ["--upload-pack=x", "-b", "a..b", "a b", "a~1", "x.lock", "a:b", "", "*", "@{1}", 3])
def test_refuses_names_that_no_ref_can_have(ref):
    with pytest.raises(CodeUnavailable):
        git_source("https://example.org/x.git", ref=ref)


@pytest.mark.parametrize("commit", ["main", "-x", "abc", "g" * 40, ""])
def test_refuses_commits_that_are_none(commit):
    with pytest.raises(CodeUnavailable):
        git_source("https://example.org/x.git", commit=commit)


@pytest.mark.parametrize("directories", [["../x"], ["/etc"], ["--stdin"], "below", [""]])
def test_refuses_directories_that_lead_elsewhere(directories):
    with pytest.raises(CodeUnavailable):
        git_source("https://example.org/x.git", directories=directories)


def test_does_not_let_a_foreign_repository_reach_local_ones(repository, tmp_path, private_server, check_out):
    local = Repository(tmp_path / "local.git")
    local.commit({"secret.txt": "x"})
    repository.git("submodule", "--quiet", "add", local.url, "stolen")
    repository.commit({})

    with pytest.raises(CodeUnavailable, match="not allowed"):
        check_out(f"{private_server.url}/flows.git", credentials="s3cret-token", submodules=True)


def test_runs_no_hooks_of_a_repository(repository, check_out, tmp_path):
    repository.commit({".githooks/post-checkout": f"#!/bin/sh\ntouch {tmp_path}/pwned\n"})

    check_out(repository.url)

    assert not (tmp_path / "pwned").exists()


def test_sends_no_token_in_the_open():
    with pytest.raises(CodeUnavailable, match="use https"):
        git_source("http://example.org/x.git", credentials="s3cret-token")


@pytest.mark.parametrize(
    ("credentials", "host", "user", "password"),
    [
        ("token", "github.com", "x-access-token", "token"),
        ({"token": "token"}, "gitlab.example.org", "oauth2", "token"),
        ({"access_token": "token"}, "bitbucket.org", "x-token-auth", "token"),
        ("somebody:token", "example.org", "somebody", "token"),
        ({"username": "somebody", "password": "word"}, "example.org", "somebody", "word"),
        ({"username": "somebody", "access_token": {"value": "word"}}, "example.org", "somebody", "word"),
    ],
)
def test_reads_credentials_as_people_write_them(credentials, host, user, password):
    login = login_from(credentials, host=host)

    assert (login.user, login.password) == (user, password)
    assert password not in repr(login)


def test_stops_at_the_size_that_is_allowed(repository, cache, tmp_path):
    repository.place.joinpath("large.bin").write_bytes(os.urandom(3_000_000))
    repository.commit({})
    fetching = Fetching(Limits(source_bytes=1_000_000))

    with pytest.raises(CodeUnavailable, match="larger than"):
        checked_out(git_source(repository.url), tmp_path / "target", cache=cache, fetching=fetching)

    assert not (tmp_path / "target").exists()
    assert not [place for place in (cache.home / "incoming").iterdir() if place.is_dir()]


def test_says_that_git_is_missing(repository, check_out, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(CodeUnavailable, match="git is not installed on this worker"):
        check_out(repository.url)


def test_fetches_once_for_processes_that_want_the_same_at_once(repository, tmp_path):
    program = (
        "import sys; from pathlib import Path\n"
        "from orchestrator.worker.code.cache import CodeCache\n"
        "from orchestrator.worker.code.fetching import Fetching\n"
        "from orchestrator.worker.code.limits import Limits\n"
        "from orchestrator.worker.code.git import checked_out, git_source\n"
        "cache = CodeCache(Path(sys.argv[1]))\n"
        "checked_out(git_source(sys.argv[2]), Path(sys.argv[3]), cache=cache, fetching=Fetching(Limits()))\n"
        "print(cache.has_grown)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "code"), repository.url]

    processes = [
        subprocess.Popen([*command, str(tmp_path / f"target-{number}")], stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    grown = [process.communicate()[0].strip() for process in processes]

    assert sorted(grown) == ["False", "False", "False", "True"]
    assert all(word(tmp_path / f"target-{number}") == "one" for number in range(4))


def test_leaves_nothing_half_when_it_is_killed(repository, tmp_path, cache, fetching):
    repository.place.joinpath("large.bin").write_bytes(os.urandom(40_000_000))
    repository.commit({})
    program = (
        "import sys; from pathlib import Path\n"
        "from orchestrator.worker.code.cache import CodeCache\n"
        "from orchestrator.worker.code.fetching import Fetching\n"
        "from orchestrator.worker.code.limits import Limits\n"
        "from orchestrator.worker.code.git import checked_out, git_source\n"
        "checked_out(git_source(sys.argv[2]), Path(sys.argv[3]), cache=CodeCache(Path(sys.argv[1])),"
        " fetching=Fetching(Limits()))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(cache.home), repository.url, str(tmp_path / "t")])
    deadline = time.monotonic() + 20
    while not list(cache.home.glob("incoming/*/.git")) and time.monotonic() < deadline:
        time.sleep(0.005)

    process.kill()
    process.wait()

    assert not list(cache.home.glob("revisions/git-*[!k]"))
    checked_out(git_source(repository.url), tmp_path / "again", cache=cache, fetching=fetching)
    assert word(tmp_path / "again") == "one"


def test_ends_when_the_run_is_stopped(cache, fetching, tmp_path):
    import socket
    import threading

    from orchestrator.sdk.errors import RunCancelled

    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
    threading.Timer(0.5, lambda: fetching.stop(RunCancelled("enough"))).start()
    began = time.monotonic()

    with pytest.raises(RunCancelled):
        checked_out(git_source(url), tmp_path / "target", cache=cache, fetching=fetching)

    silent.close()
    assert time.monotonic() - began < 15


def test_ends_when_it_takes_too_long(cache, tmp_path):
    import socket

    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"

    with pytest.raises(CodeUnavailable, match="longer than 1 seconds"):
        checked_out(git_source(url), tmp_path / "target", cache=cache, fetching=Fetching(Limits(seconds=1.0)))

    silent.close()


def test_removes_what_was_used_longest_ago(repository, check_out, cache):
    commits = [repository.git("rev-parse", "HEAD")]
    commits += [repository.commit({"flows.py": f"WORD = '{number}'\n"}) for number in range(2)]
    for commit in commits:
        check_out(repository.url, commit=commit)
    for age, commit in enumerate(commits):
        lock = next(cache.home.glob(f"revisions/*{commit}.lock"))
        os.utime(lock, (time.time() - 100 + age, time.time() - 100 + age))
    one_size = CodeCache(cache.home)

    one_size.make_room(60_000)

    kept = {path.name.rpartition("-")[2] for path in cache.home.glob("revisions/git-*") if path.is_dir()}
    assert commits[-1] in kept
    assert commits[0] not in kept
