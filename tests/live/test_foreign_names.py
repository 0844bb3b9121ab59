"""A server that is open to everybody answers only to its own names."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.parametrize("address", ["/api/health", "/runs/"])
def test_says_how_to_make_a_name_its_own(settings, address):
    settings.ALLOWED_HOSTS = ["localhost"]

    answer = Client(raise_request_exception=False).get(address, headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert "'evil.example'" in answer.content.decode()
    assert "ORCHESTRATOR_ALLOWED_HOSTS" in answer.content.decode()
