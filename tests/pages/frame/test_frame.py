"""What every page has in common."""

from __future__ import annotations

import re

import pytest

from orchestrator.pages.navigation import ITEMS, address_of_item
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool
from tests.pages.markup import without_style

pytestmark = pytest.mark.django_db

PAGES = [address_of_item(item) for item in ITEMS if item.name not in ("admin", "docs")] + [
    "/search",
    "/runs/tasks/",
    "/views/",
]


@pytest.mark.parametrize("address", PAGES)
def test_has_one_heading_one_main_part_and_a_title(client, address):
    """ALL-1: one `<h1>`, one `<main>`, skip link, title "object · type · product"."""
    check(client.get(address))


@pytest.mark.parametrize("address", PAGES)
def test_is_painted_when_its_last_part_is_there(client, address):
    body = client.get(address).content.decode()

    [awaited] = re.findall(r'<link rel="expect" href="#(.+?)" blocking="render">', body)
    [last] = re.findall(rf'<nav [^>]*id="{awaited}"', body)
    assert body.index(last) > body.index("</main>")


def test_has_them_on_the_pages_of_objects_too(client):
    """ALL-1: the same for every kind of object."""
    deployment = make_deployment(pool=make_work_pool("main"))
    run = make_flow_run(deployment=deployment, flow=deployment.flow)
    task = make_task_run(flow_run=run)

    for address, name in [
        (f"/runs/flow-run/{run.pk}", run.name),
        (f"/runs/task-run/{task.pk}", task.name),
        (f"/flows/flow/{run.flow_id}", deployment.flow.name),
        (f"/deployments/deployment/{deployment.pk}", deployment.name),
        ("/work-pools/work-pool/main", "main"),
    ]:
        title = check(client.get(address))
        assert name in title
        assert title.count(" · ") >= 2


@pytest.mark.parametrize("address", PAGES)
def test_gives_every_time_its_exact_value(client, address):
    """ALL-5: times have `<time datetime>`, title with full local and UTC value."""
    make_flow_run("COMPLETED", deployment=make_deployment(), seconds=5)
    client.cookies["zone"] = "Asia/Tokyo"

    times = re.findall(r"<time[^>]*>", client.get(address).content.decode())

    for tag in times:
        assert re.search(r'datetime="\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"', tag), tag
        assert re.search(r'title="[\d-]+ [\d:]+ JST · [\d :-]+UTC"', tag), tag


@pytest.mark.parametrize("address", PAGES)
def test_is_written_without_other_styles_and_scripts_of_its_own(client, address):
    """ALL-3: nothing that the strict policy would refuse, which knows the one style sheet."""
    body = without_style(client.get(address))

    assert not re.search(r"<style|\sstyle=|<script>|\son[a-z]+=\"", body)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', body)


def check(answer):
    body = answer.content.decode()
    assert answer.status_code == 200
    assert len(re.findall(r"<h1[ >]", body)) == len(re.findall(r"<main[ >]", body)) == 1
    assert '<a class="skip" href="#main">' in body
    title = re.search(r"<title>(.*?)</title>", body, re.S)[1].strip()
    assert title.endswith(" · Orchestrator")
    return title
