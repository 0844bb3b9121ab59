"""Scripts that were written for Prefect catch what is raised here."""

from __future__ import annotations

import importlib

import pytest

from orchestrator import (
    DeploymentError,
    MappingLengthMismatch,
    MappingMissingIterable,
    MissingContextError,
    ObjectAlreadyExists,
    ObjectNotFound,
    OrchestratorError,
    PrefectException,
    PrefectHTTPStatusError,
    ReservedArgumentError,
    SignatureMismatchError,
    UpstreamTaskError,
    flow,
    get_run_logger,
    run_deployment,
    task,
)
from orchestrator.sdk import error_aliases, errors
from orchestrator.sdk.api.client import current_client


def test_means_the_classes_that_are_raised():
    named = {name: kind for name, kind in vars(error_aliases).items() if isinstance(kind, type)}

    assert named["PrefectException"] is OrchestratorError
    assert all(getattr(errors, kind.__name__) is kind for kind in named.values())
    assert all(getattr(importlib.import_module("orchestrator"), name) is kind for name, kind in named.items())


@task
def add(a, b):
    return a + b


@task
def bad():
    raise ValueError("no")


@flow
def depends_on_what_failed():
    return add(bad.submit(), 1)


def with_a_reserved_parameter():
    @task
    def taken(wait_for):
        return wait_for


# what a script does, the name that it catches
CAUGHT = [
    (get_run_logger, MissingContextError),
    (get_run_logger, RuntimeError),
    (depends_on_what_failed, UpstreamTaskError),
    (depends_on_what_failed, PrefectException),
    (lambda: add(1), SignatureMismatchError),
    (with_a_reserved_parameter, ReservedArgumentError),
    (lambda: add.map(1, 2), MappingMissingIterable),
    (lambda: add.map([1], [1, 2]), MappingLengthMismatch),
]


@pytest.mark.parametrize(("does", "caught"), CAUGHT)
def test_is_caught_under_its_name(does, caught):
    with pytest.raises(caught):
        does()


def test_tells_that_the_server_does_not_know_something(api):
    with pytest.raises(ObjectNotFound) as missing:
        current_client().ask("GET", "/deployments/name/no/such")

    assert isinstance(missing.value, PrefectHTTPStatusError)
    assert missing.value.response.status_code == 404
    assert missing.value.response.json() == missing.value.body
    assert "detail" in missing.value.response.text


def test_tells_that_a_deployment_is_not_there(api):
    with pytest.raises(ObjectNotFound):
        run_deployment("no/such")
    with pytest.raises(DeploymentError):
        run_deployment("no/such")


def test_tells_a_conflict_from_other_refusals():
    assert type(errors.api_error("m", status=409)) is ObjectAlreadyExists
    assert type(errors.api_error("m", status=422, body="text")) is errors.ApiError
    assert errors.api_error("m", status=422, body="text").response.text == "text"
