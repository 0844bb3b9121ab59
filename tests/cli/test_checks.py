"""What must hold before a server starts, each told in one line."""

import socket
import sys

import pytest

from orchestrator.cli.checks import CannotStart, check_home, check_python, is_loopback, listen


def test_names_the_python_that_is_too_old(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    with pytest.raises(CannotStart, match=r"Python 3\.11 or newer is needed; this is 3\.9\."):
        check_python()


def test_makes_the_data_directory(tmp_path):
    check_home(tmp_path / "new" / "home")

    assert list((tmp_path / "new" / "home").iterdir()) == []


def test_names_the_data_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CannotStart, match=r"cannot be written .*; set ORCHESTRATOR_HOME"):
        check_home(tmp_path / "file" / "home")


def test_names_the_port_that_is_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(CannotStart, match="is in use; choose another with --port"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_names_the_host_that_is_not_known():
    with pytest.raises(CannotStart, match=r"The host 'no\.such\.host\.invalid' is not known"):
        listen("no.such.host.invalid", 0)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),  # the whole network is this machine
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.7", False),
    ],
)
def test_knows_which_addresses_others_can_reach(host, expected):
    assert is_loopback(host) is expected
