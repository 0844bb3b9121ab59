"""Every kind of run, in every state, is proposed every other state: we answer as the reference does."""

from __future__ import annotations

import json

import pytest

from tests.contract.record_transitions import FACTS
from tests.contract.transitions import RUNS, Server, cases

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("run", RUNS)
def test_answers_as_the_reference_does(api, run):
    facts = json.loads(FACTS.read_text())

    def ask(method, path, body):
        response = api.get(path) if method == "GET" else api.post(path, body)
        return response.status_code, response.json()

    server = Server(ask)
    different = {}
    for case in cases():
        if case.run == run and (outcome := server.outcome(case)) != facts[case.name]:
            different[case.name] = f"we: {outcome}, reference: {facts[case.name]}"

    assert different == {}
