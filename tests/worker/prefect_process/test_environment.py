import json
import os

from orchestrator.worker.claims import Claim
from orchestrator.worker.prefect_process.environment import engine_environment

CLAIM = Claim(
    id="claim",
    attempt=1,
    max_attempts=3,
    lease_seconds=30.0,
    flow_run={"id": "run"},
    flow={"id": "flow", "name": "greets"},
    deployment={"id": "deployment", "name": "prod"},
)


def made(given=None, **environ):
    return engine_environment(CLAIM, api_url="http://x/api", worker_name="w", given=given or {}, environ=environ)


def test_names_the_run_the_server_and_the_login_of_the_worker():
    environment = made(ORCHESTRATOR_API_KEY="key", ORCHESTRATOR_API_AUTH_STRING="user:word")

    assert environment["PREFECT__FLOW_RUN_ID"] == environment["ORCHESTRATOR_FLOW_RUN_ID"] == "run"
    assert environment["PREFECT_API_URL"] == "http://x/api"
    assert environment["PREFECT_API_KEY"] == "key"
    assert environment["PREFECT_API_AUTH_STRING"] == "user:word"
    assert environment["PREFECT__DEPLOYMENT_NAME"] == "prod"


def test_sends_the_claim_with_everything_besides_what_the_author_sends():
    environment = made({"PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-Mine": "1"}'})

    headers = json.loads(environment["PREFECT_CLIENT_CUSTOM_HEADERS"])
    assert headers == {"X-Mine": "1", "X-Orchestrator-Claim": "claim"}


def test_marks_the_processes_of_this_attempt_alone():
    assert made()["ORCHESTRATOR_RUN_PROCESS"] == f"run/{os.getpid()}"


def test_keeps_the_brokers_address_back():
    assert "ORCHESTRATOR_BROKER_URL" not in made(ORCHESTRATOR_BROKER_URL="redis://:secret@x")


def test_lets_the_run_set_and_remove_variables():
    environment = made({"A": 1, "B": None, "PREFECT_API_URL": "http://other/api"}, B="worker's")

    assert environment["A"] == "1"
    assert "B" not in environment
    assert environment["PREFECT_API_URL"] == "http://other/api"
