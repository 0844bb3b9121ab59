"""Views are found as Django finds them, however often and in whichever order."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import Resolver404, URLResolver, get_resolver

from orchestrator.web.addresses import LONGEST, resolved

UUIDS = [str(uuid4()), str(uuid4()), "0" * 8 + "-0000-0000-0000-" + "0" * 12]


@pytest.mark.parametrize(
    "path",
    [
        "/api/flow_runs/count",
        "/api/flow_runs/{}",
        "/api/flow_runs/{}/set_state",
        "/api/variables/name/{}",  # a name that looks like an identifier
        "/api/variables/name/about-{}",
        "/api/work_pools/pool-{}/claims",
        "/api/flow_runs/{}/input/{}",
        "/runs/flow-run/{}",
        "/admin/",
    ],
)
def test_finds_what_django_finds(path):
    for id in (*UUIDS, UUIDS[0], UUIDS[0].upper()):
        address = path.replace("{}", id)
        wanted = get_resolver().resolve(address)

        found = resolved(address)

        assert (found.func, found.args, found.kwargs) == (wanted.func, wanted.args, wanted.kwargs)
        assert (found.route, found.view_name, found.captured_kwargs) == (
            wanted.route,
            wanted.view_name,
            wanted.captured_kwargs,
        )


def test_asks_django_once_for_names_that_differ_in_an_identifier(monkeypatch):
    resolved(f"/api/work_pools/of-{UUIDS[0]}/claims")
    monkeypatch.setattr(URLResolver, "resolve", lambda *_: pytest.fail("Django was asked again"))

    match = resolved(f"/api/work_pools/of-{UUIDS[1]}/claims")

    assert match.kwargs == {"pool_name": f"of-{UUIDS[1]}"}


@pytest.mark.parametrize("path", ["/nowhere", "/runs/flow-run/{}/nothing", "/nowhere/{}"])
def test_finds_nothing_where_there_is_nothing(path):
    for id in (UUIDS[0], UUIDS[1], UUIDS[0]):
        with pytest.raises(Resolver404):
            resolved(path.replace("{}", id))


def test_remembers_no_long_addresses():
    path = f"/api/variables/name/{'x' * LONGEST}"

    assert resolved(path) is not resolved(path)
    assert resolved(path).kwargs == get_resolver().resolve(path).kwargs
