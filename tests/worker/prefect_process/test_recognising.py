import pytest

from orchestrator.worker.prefect_process.recognising import Engine, engine_of, engine_of_code
from orchestrator.worker.surroundings import BadRunSetting

PREFECTS = "from prefect import flow, task\n"
OURS = "from orchestrator import flow\n"


@pytest.mark.parametrize(
    ("code", "engine"),
    [
        (PREFECTS, Engine.PREFECT),
        ("import prefect\n", Engine.PREFECT),
        ("from prefect.flows import flow\n", Engine.PREFECT),
        ("def load():\n    from prefect import flow\n", Engine.PREFECT),
        (OURS, Engine.ORCHESTRATOR),
        ("import prefect\nfrom orchestrator import flow\n", Engine.ORCHESTRATOR),  # whose `flow` it is decides
        ("import orchestrator\nfrom prefect import flow\n", Engine.PREFECT),
        ("import orchestrator, prefect\n", Engine.ORCHESTRATOR),
        ("from helpers import flow\n", None),
        ("from .prefect import flow\n", None),
        ("import prefectly\n", None),
        ("def broken(:\n", None),
    ],
)
def test_tells_by_the_imports(code, engine):
    assert engine_of_code(code) == engine


@pytest.mark.parametrize(
    ("deployment", "variables", "code", "engine"),
    [
        ({}, {}, PREFECTS, Engine.PREFECT),
        ({}, {"engine": "orchestrator"}, PREFECTS, Engine.ORCHESTRATOR),
        ({"labels": {"orchestrator.sdk": "python"}}, {}, PREFECTS, Engine.ORCHESTRATOR),
        ({"labels": {"orchestrator.sdk": "python"}}, {"engine": "prefect"}, OURS, Engine.PREFECT),
        ({"pull_steps": [{}]}, {}, OURS, Engine.ORCHESTRATOR),
        ({"pull_steps": [{}]}, {}, None, Engine.PREFECT),  # it cannot be seen: our SDK would have marked it
        ({}, {}, None, Engine.ORCHESTRATOR),
        ({"entrypoint": None}, {}, PREFECTS, Engine.ORCHESTRATOR),
    ],
)
def test_goes_by_what_is_said_before_what_is_seen(deployment, variables, code, engine):
    assert engine_of({"entrypoint": "flows.py:main", **deployment}, variables, lambda: code) is engine


def test_refuses_an_engine_that_there_is_not():
    with pytest.raises(BadRunSetting, match="'prefect', 'orchestrator'"):
        engine_of({}, {"engine": "airflow"}, lambda: None)
