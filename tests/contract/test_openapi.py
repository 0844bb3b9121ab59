"""Our API against the reference: what a client could notice of the two descriptions, and whether ours is one at all."""

from __future__ import annotations

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from orchestrator.rest.operations import operations
from tests.contract.differences import compare
from tests.contract.documents import our_document, reference_document
from tests.contract.intended import is_intended, stale


@pytest.fixture(scope="module")
def differences(prefect3_python):
    return list(compare(our_document(), reference_document(prefect3_python)))


def test_describes_what_the_reference_describes(differences):
    unintended = [line for line in differences if not is_intended(line)]

    assert unintended == []


def test_lists_no_difference_that_is_gone(differences):
    assert stale(differences) == []


def test_describes_itself_in_valid_openapi():
    errors = list(OpenAPIV31SpecValidator(our_document()).iter_errors())

    assert [error.message for error in errors] == []


def test_names_every_operation_once():
    names = [operation["operationId"] for item in our_document()["paths"].values() for operation in item.values()]

    assert len(names) == len(set(names))


def test_has_every_operation_say_what_it_answers():
    silent = [f"{operation.method.upper()} {operation.path}" for operation in operations() if not operation.answers]

    assert silent == []
