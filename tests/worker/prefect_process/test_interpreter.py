import sys

import pytest

from orchestrator.worker.prefect_process.interpreter import engine_command, python_with_prefect
from orchestrator.worker.surroundings import BadRunSetting


def test_prefers_the_run_to_the_worker():
    environ = {"ORCHESTRATOR_PREFECT_PYTHON": "/bin/false"}

    assert python_with_prefect({"python": sys.executable}, environ) == sys.executable
    assert python_with_prefect({}, environ) == "/bin/false"


def test_says_what_to_install_where():
    with pytest.raises(BadRunSetting) as caught:
        python_with_prefect({}, {})

    assert f"`{sys.executable} -m pip install prefect`" in str(caught.value)
    assert "ORCHESTRATOR_PREFECT_PYTHON" in str(caught.value)


def test_refuses_an_interpreter_that_is_not_there():
    with pytest.raises(BadRunSetting, match="'/no/python', which is no interpreter"):
        python_with_prefect({}, {"ORCHESTRATOR_PREFECT_PYTHON": "/no/python"})


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (None, ["/p/python", "-m", "prefect.engine"]),
        ("python -X dev -m prefect.engine", ["/p/python", "-X", "dev", "-m", "prefect.engine"]),
        ("env A='b c' true", ["env", "A=b c", "true"]),
    ],
)
def test_starts_what_the_run_wants(given, command, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: name)

    assert engine_command({"command": given}, "/p/python") == command


@pytest.mark.parametrize("given", ["no-such-program-anywhere", "'unfinished", 3, " "])
def test_refuses_what_is_no_command(given):
    with pytest.raises(BadRunSetting, match="job variable command"):
        engine_command({"command": given}, sys.executable)
