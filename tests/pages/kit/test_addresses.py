"""Where the page of each thing is."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.http import Http404
from django.urls import resolve, set_script_prefix

from orchestrator.pages.addresses import ADDRESSES, address_of, address_of_resource


@pytest.mark.parametrize("kind", ADDRESSES)
def test_leads_to_a_page_with_and_without_the_last_slash(kind):
    identifiers = {"event": ["2026-11-20"], "error": ["0123456789abcdef"]}.get(kind, [])
    count = ADDRESSES[kind].count("{}")
    path = address_of(kind, *[*identifiers, *[uuid4() for _ in range(count)]][:count])

    for form in {path, path.rstrip("/") or "/", path.rstrip("/") + "/"}:
        try:
            resolve(form)
        except Http404:
            pytest.fail(f"{form} leads nowhere")


def test_writes_names_so_that_they_stay_one_part_of_the_path():
    assert address_of("work-pool", "a/b c") == "/work-pools/work-pool/a%2Fb%20c"


def test_stands_below_the_prefix_of_the_server():
    set_script_prefix("/orchestrator/")
    try:
        assert address_of("runs") == "/orchestrator/runs/"
    finally:
        set_script_prefix("/")


def test_knows_no_page_of_another_kind():
    with pytest.raises(KeyError):
        address_of("teapot")


def test_finds_the_page_of_what_an_event_is_about():
    identifier = uuid4()

    assert address_of_resource(f"prefect.deployment.{identifier}") == f"/deployments/deployment/{identifier}"


@pytest.mark.parametrize("resource", ["shop.order.7", "prefect.flow-run.7", "prefect.server.x", ""])
def test_finds_no_page_for_other_things(resource):
    assert address_of_resource(resource) is None
