"""Nothing of one run reaches the next."""

import logging
import os
import signal
import sys
import warnings

import pytest

from orchestrator.worker.surroundings import BadRunSetting, run_directory, surroundings


def test_puts_the_run_into_its_directory_and_comes_back(tmp_path):
    before = os.getcwd()

    with surroundings(directory=tmp_path, environment={}):
        inside = os.getcwd()

    assert inside == str(tmp_path)
    assert os.getcwd() == before


def test_comes_back_even_when_the_run_removed_its_directory(tmp_path):
    before = os.getcwd()
    gone = tmp_path / "gone"
    gone.mkdir()

    with surroundings(directory=gone, environment={}):
        gone.rmdir()

    assert os.getcwd() == before


def test_sets_variables_for_the_run_only(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "outside")
    monkeypatch.setenv("REMOVED", "outside")

    with surroundings(directory=tmp_path, environment={"KEPT": "inside", "NEW": 7, "REMOVED": None}):
        inside = os.environ["KEPT"], os.environ["NEW"], "REMOVED" in os.environ

    assert inside == ("inside", "7", False)
    assert os.environ["KEPT"] == os.environ["REMOVED"] == "outside"
    assert "NEW" not in os.environ


def test_undoes_what_the_run_did_to_its_process(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "outside")
    known = logging.getLogger("known.before")
    umask = os.umask(0)
    os.umask(umask)

    def facts():
        current = os.umask(0)
        os.umask(current)
        return (
            dict(os.environ),
            list(sys.path),
            list(sys.argv),
            sys.stdout,
            sys.excepthook,
            signal.getsignal(signal.SIGUSR1),
            logging.root.level,
            list(logging.root.handlers),
            known.level,
            list(known.handlers),
            logging.root.manager.disable,
            list(warnings.filters),
            current,
            os.getcwd(),
        )

    before = facts()
    with surroundings(directory=tmp_path, environment={}):
        os.environ.clear()
        os.environ["KEPT"] = "changed"
        sys.path.insert(0, "/nowhere")
        sys.argv[:] = ["changed"]
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        sys.excepthook = print
        signal.signal(signal.SIGUSR1, lambda *_: None)
        logging.root.setLevel(logging.DEBUG)
        logging.root.addHandler(logging.NullHandler())
        known.setLevel(logging.CRITICAL)
        known.addHandler(logging.NullHandler())
        logging.getLogger("made.by.run").addHandler(logging.NullHandler())
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("error")
        os.umask(0o077)
        os.chdir("/")

    assert facts() == before
    assert logging.getLogger("made.by.run").handlers == []


def test_undoes_it_when_the_run_failed(tmp_path):
    before = list(sys.path)

    def fail():
        with surroundings(directory=tmp_path, environment={}):
            sys.path.clear()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert sys.path == before


def test_makes_a_fresh_directory_and_removes_it(tmp_path):
    with run_directory(given=None, home=tmp_path, flow_run_id="abc") as directory:
        (directory / "file").write_text("left behind")
        assert directory == tmp_path / "runs" / "abc"

    assert not directory.exists()


def test_makes_it_for_its_own_user_alone(tmp_path):
    with run_directory(given=None, home=tmp_path, flow_run_id="abc") as directory:
        assert directory.stat().st_mode & 0o777 == 0o700


def test_leaves_the_directory_of_the_deployment_alone(tmp_path):
    with run_directory(given=str(tmp_path), home=tmp_path, flow_run_id="abc") as directory:
        assert directory == tmp_path

    assert tmp_path.exists()


def test_names_a_deployment_directory_that_is_not_there(tmp_path):
    with (
        pytest.raises(BadRunSetting, match="'/no/such/place' is not a directory"),
        run_directory(given="/no/such/place", home=tmp_path, flow_run_id="abc"),
    ):
        pass


def test_gives_each_attempt_a_directory_of_its_own(tmp_path):
    with run_directory(given=None, home=tmp_path, flow_run_id="run") as lost:
        (lost / "file").touch()
        with run_directory(given=None, home=tmp_path, flow_run_id="run", attempt=2) as second:
            assert (lost / "file").exists()
            assert second != lost

        assert list((tmp_path / "runs").iterdir()) == []
