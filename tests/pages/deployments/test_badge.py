"""The badge of a deployment."""

import re
from uuid import uuid4

import pytest

from deployments.services.deployments import update_deployment
from tests.factories import make_deployment, make_flow_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def found():
    return make_deployment(name="nightly <b>")


def test_is_public_only_if_enabled(client, admin_client, found):
    """DEP-5: whoever is not signed in does not even learn whether there is such a deployment."""
    address = f"/deployments/deployment/{found.pk}/badge.svg"
    before, unknown, mine = (
        client.get(address),
        client.get(f"/deployments/deployment/{uuid4()}/badge.svg"),
        admin_client.get(address),
    )
    update_deployment(deployment_id=found.pk, changes={"badge_is_public": True})

    after = client.get(address)

    assert (before.status_code, unknown.status_code, mine.status_code, after.status_code) == (404, 404, 200, 200)
    assert "private" in mine["Cache-Control"]
    assert "public" in after["Cache-Control"]


def test_tells_how_the_last_run_ended(admin_client, found):
    make_flow_run("COMPLETED", flow=found.flow, deployment=found, seconds=600)
    make_flow_run("FAILED", flow=found.flow, deployment=found, seconds=5)

    answer = admin_client.get(f"/deployments/deployment/{found.pk}/badge.svg")

    assert answer["Content-Type"] == "image/svg+xml"
    assert re.search(r"failed \d+ s ago", answer.content.decode())
    assert "nightly &lt;b&gt;" in answer.content.decode()


@pytest.mark.parametrize(("paused", "word"), [(True, "paused"), (False, "no run yet")])
def test_tells_of_one_without_runs(admin_client, paused, word):
    found = make_deployment(paused=paused)

    assert word in admin_client.get(f"/deployments/deployment/{found.pk}/badge.svg").content.decode()
