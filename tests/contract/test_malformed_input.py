"""Malformed requests at every operation: a wrong question gets a documented answer, soon, and never breaks the server.

By default the same few requests are asked every time. `MALFORMED_EXAMPLES` asks more of each operation, and
`MALFORMED_SEED` others.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import hypothesis
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, seed

from tests.contract.malformed.answers import faults_of
from tests.contract.malformed.asking import Answered, Asked, ask
from tests.contract.malformed.requests import PART, operations, requests_for
from tests.contract.malformed.rows import Known, make_one_of_each
from tests.contract.malformed.values import HEADERS, NOBODY

EXAMPLES = int(os.environ.get("MALFORMED_EXAMPLES", "15"))
SEED = os.environ.get("MALFORMED_SEED")
STATEMENT_SECONDS = 5

pytestmark = pytest.mark.django_db
OPERATIONS = operations()
ALL_IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OPEN_TO_ALL = {"/health", "/ready"}
LISTS = {operation.path for operation in OPERATIONS if operation.path.endswith("/filter") and "{" not in operation.path}


@pytest.fixture(scope="module")
def one_connection() -> Iterator[None]:
    """The connection outlives a request, as with Django's own test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    with patch("orchestrator.web.handler.close_old_connections"):
        yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def known(one_connection: None, django_db_setup: None, django_db_blocker: Any) -> Iterator[Known]:
    """What exists, for as long as this module runs."""
    with django_db_blocker.unblock(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
        yield make_one_of_each()
        transaction.set_rollback(True)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_answers_whatever_it_is_asked(operation: Any, known: Known) -> None:
    @given(requests_for(operation, known))
    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=SEED is None,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def holds(asked: Asked) -> None:
        faults = asked_alone(asked)

        assert faults == [], asked

    (holds if SEED is None else seed(int(SEED))(holds))()


@pytest.mark.parametrize("header", [None, *HEADERS["authorization"]])
def test_keeps_strangers_out_whatever_they_say(header: bytes | None, known: Known, settings: Any) -> None:
    settings.API_AUTH, settings.API_AUTH_STRING = "required", "admin:pass"
    headers = {} if header is None else {"authorization": header}
    answers = {}

    for operation in OPERATIONS:
        path = PART.sub(lambda part: "1" if part[1] == "number" else NOBODY, operation.path)
        asked = Asked(operation.method.upper(), path, headers=headers, body=b"{")
        answers[operation.path] = ask(asked).json()

    assert {path for path, answer in answers.items() if answer != {"exception_message": "Unauthorized"}} == OPEN_TO_ALL


def asked_alone(asked: Asked) -> list[str]:
    """What is wrong with the answer, and with the list after a change. Nothing of it is kept."""
    with transaction.atomic():
        try:
            answer = ask(asked)
            faults = faults_of(asked, answer)
            if not faults and answer.status < 300:
                faults = [fault for read in reads_after(asked, answer) for fault in faults_of(read, ask(read))]
            return faults
        finally:
            transaction.set_rollback(True)


def reads_after(asked: Asked, answer: Answered) -> list[Asked]:
    """What was accepted must not break those who read it, nor the planning of runs."""
    resource = "/".join(asked.address.split("/")[: 3 if asked.address.startswith("/v2/") else 2])
    address = f"{resource}/filter"
    if asked.method == "GET" or address not in LISTS or asked.address.rstrip("/").endswith(("/filter", "/count")):
        return []
    reads = [Asked("POST", address, body=b"{}"), Asked("POST", "/events/filter", body=b"{}")]
    made = json.loads(answer.body or b"null") if answer.status == 201 else None
    if isinstance(made, dict) and "id" in made and asked.address.strip("/") == resource.strip("/"):
        reads.append(Asked("GET", f"{resource}/{made['id']}"))
    if resource == "/deployments":
        ids = ALL_IDS.findall(asked.address + (made["id"] if isinstance(made, dict) and "id" in made else ""))
        reads += [Asked("POST", f"/deployments/{found}/schedule", body=b"{}") for found in ids[:1]]
    return reads
