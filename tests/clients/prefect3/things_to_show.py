"""Makes one of everything that Prefect's own web interface has a page for, with the unmodified client.

The last line of what it prints is a JSON object with the identifiers.
"""

import json
from datetime import UTC, datetime, timedelta

from prefect import flow, get_run_logger, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
)
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    GlobalConcurrencyLimitCreate,
    WorkPoolCreate,
    WorkQueueCreate,
)
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.events import emit_event
from prefect.variables import Variable

TEMPLATE = {
    "job_configuration": {"command": "{{ command }}", "env": "{{ env }}"},
    "variables": {
        "type": "object",
        "properties": {
            "command": {"type": "string", "title": "Command", "default": "python"},
            "env": {"type": "object", "title": "Environment", "additionalProperties": {"type": "string"}},
        },
    },
}
PARAMETERS = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "size": {"title": "size", "position": 0, "type": "integer", "default": 3},
        "name": {"title": "name", "position": 1, "type": "string"},
    },
    "required": ["name"],
}


@task(tags=["heavy"])
def double(x: int) -> int:
    get_run_logger().info("doubling %s", x)
    return 2 * x


@task
def report(numbers: list[int]) -> None:
    create_table_artifact([{"number": number} for number in numbers], key="numbers", description="All of them.")


@task
def breaks() -> None:
    raise ValueError("this is broken")


@flow
def part(x: int) -> int:
    create_link_artifact("https://example.com", key="link", link_text="more")
    return double(x)


@flow(persist_result=True)
def whole(size: int = 3) -> int:
    """Adds up what the parts make of the numbers."""
    get_run_logger().warning("beginning")
    doubled = double.map(list(range(size)))
    report(doubled)
    create_markdown_artifact("# First", key="notes")
    create_markdown_artifact("# Second\n\nwith **more**", key="notes")
    create_progress_artifact(40.0, key="progress")
    create_image_artifact("data:image/gif;base64,R0lGODlhAQABAAAAACw=", key="image")
    return part(sum(doubled.result()))


@flow
def broken() -> None:
    get_run_logger().error("this will not end well")
    breaks()


def main() -> None:
    state = whole(return_state=True)
    failed = broken(return_state=True)
    Variable.set("greeting", {"text": "hello"}, tags=["words"])
    Secret(value="nobody knows").save("hush")
    made = {
        "whole": str(state.state_details.flow_run_id),
        "broken": str(failed.state_details.flow_run_id),
    }
    with get_client(sync_client=True) as client:
        pool = client.create_work_pool(
            WorkPoolCreate(name="machines", type="process", base_job_template=TEMPLATE, description="Two of them.")
        )
        client.request(
            "POST",
            "/work_pools/{name}/queues/",
            path_params={"name": pool.name},
            json=WorkQueueCreate(name="urgent", priority=1).model_dump(mode="json", exclude_unset=True),
        )
        client.request(
            "POST", "/work_pools/{name}/workers/heartbeat", path_params={"name": pool.name}, json={"name": "worker-1"}
        )
        run = client.read_flow_run(made["whole"])
        deployment = client.create_deployment(
            flow_id=run.flow_id,
            name="daily",
            work_pool_name=pool.name,
            work_queue_name="urgent",
            entrypoint="flows.py:whole",
            description="Every *day*.",
            tags=["nightly"],
            parameter_openapi_schema=PARAMETERS,
            parameters={"name": "x"},
            schedules=[
                DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="Europe/Berlin")),
                DeploymentScheduleCreate(schedule=IntervalSchedule(interval=timedelta(hours=6)), active=False),
            ],
        )
        client.create_flow_run_from_deployment(deployment, name="asked-for")
        client.create_concurrency_limit(tag="heavy", concurrency_limit=5)
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="database", limit=3))
        tasks = client.read_task_runs()
        documents = client.request("POST", "/block_documents/filter", json={}).json()
        limits = client.request("POST", "/concurrency_limits/filter", json={}).json()
        made |= {
            "flow": str(run.flow_id),
            "task_run": str(next(one.id for one in tasks if one.name.startswith("double"))),
            "broken_task_run": str(next(one.id for one in tasks if one.name.startswith("breaks"))),
            "deployment": str(deployment),
            "block": documents[0]["id"],
            "tag_limit": limits[0]["id"],
        }
    sell()
    print(json.dumps(made))


def sell() -> None:
    """Now, and a while ago: the feed of events ends with the last full minute, and begins with the latest."""
    shop = {"prefect.resource.id": "shop.1", "prefect.resource.name": "Shop"}
    emit_event("shop.sold", resource=shop, occurred=datetime.now(UTC) - timedelta(minutes=10))
    emit_event("shop.sold", resource=shop)


if __name__ == "__main__":
    main()
