"""What kinds of workers, blocks and flows there are."""

from __future__ import annotations

import re


def test_lists_our_own_workers_first_and_those_of_the_client(api):
    view = api.get("/collections/views/aggregate-worker-metadata").json()

    assert next(iter(view)) == "orchestrator"
    kinds = {kind for workers in view.values() for kind in workers}
    assert {"celery", "process", "docker", "kubernetes", "ecs", "cloud-run-v2", "vertex-ai"} <= kinds


def test_describes_workers_with_templates_that_name_only_their_variables(api):
    view = api.get("/collections/views/aggregate-worker-metadata").json()

    for workers in view.values():
        for kind, worker in workers.items():
            template = worker["default_base_job_configuration"]
            used = set(re.findall(r"{{\s*(\w+)\s*}}", str(template["job_configuration"])))
            assert worker["type"] == kind
            assert worker["description"]
            assert used <= set(template["variables"]["properties"])


def test_lists_blocks_with_their_schemas(api):
    view = api.get("/collections/views/aggregate-block-metadata").json()

    secret = view["prefect"]["block_types"]["secret"]
    assert secret["block_schema"]["checksum"].startswith("sha256:")


def test_lists_no_flows_and_knows_no_other_view(api):
    assert api.get("/collections/views/aggregate-flow-metadata").json() == {}
    assert api.get("/collections/views/none").json() == {"detail": "View none not found in registry"}
