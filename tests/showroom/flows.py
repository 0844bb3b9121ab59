"""The flows of a small company. Each is short, and each shows something else on the pages."""

from __future__ import annotations

import time

from orchestrator import (
    RunInput,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    flow,
    get_run_logger,
    materialize,
    pause_flow_run,
    task,
    update_progress_artifact,
)


@task
def extract_shop(page: int) -> list[int]:
    rows = list(range(page * 100, page * 100 + 31))
    get_run_logger().info("fetched page %d of 5 from the shop (%d rows)", page, len(rows))
    return rows


@task(retries=2, retry_delay_seconds=0.1)
def extract_customers(tries: list[int]) -> int:
    tries.append(1)
    if len(tries) < 2:
        get_run_logger().warning("the connection to the customers' database is unstable")
        raise ConnectionError("the customers' database closed the connection")
    return 612


@task
def transform(rows: list[int]) -> int:
    return sum(rows)


@materialize("postgres://warehouse/orders", asset_deps=["s3://shop/orders"], retries=1, retry_delay_seconds=0.1)
def load(totals: list[int], region: str, options: dict[str, str]) -> int:
    get_run_logger().info("loading %d sources into %s", len(totals), region)
    return len(options["table"]) + len(totals)


@flow(name="quality-checks")
def quality_checks(total: int) -> bool:
    return check_total(total)


@task
def check_total(total: int) -> bool:
    return total > 0


@flow(name="etl-orders", log_prints=True)
def etl_orders(region: str = "eu", dry_run: bool = False, mode: str = "upsert", broken: bool = False) -> int:
    """Orders of the day, from the shop into the warehouse."""
    print(f"starting region={region} dry_run={dry_run}")
    pages = extract_shop.map(list(range(5)))
    customers = extract_customers([])
    totals = transform.map(pages)
    loaded = load([total.result() for total in totals], region, {"mode": mode} if broken else {"table": "orders"})
    quality_checks(customers)
    create_table_artifact([{"page": n, "rows": 31, "total": t.result()} for n, t in enumerate(totals)], key="orders")
    create_markdown_artifact(f"# Orders of {region}\n\n**{loaded}** sources, *{customers}* customers.", key="report")
    create_link_artifact("https://shop.example/orders", key="shop", link_text="Orders in the shop")
    return loaded


@task
def train_fold(fold: int, seconds: float) -> float:
    time.sleep(seconds)
    return 0.9 + fold / 100


@flow(name="ml-train")
def ml_train(folds: int = 4, seconds: float = 0.1) -> float:
    progress = create_progress_artifact(0.0, key="training", description="Folds that are trained")
    scores = []
    for fold in range(folds):
        scores.append(train_fold(fold, seconds))
        update_progress_artifact(progress, 100.0 * (fold + 1) / folds)
    return max(scores)


class Refund(RunInput):
    granted: bool
    reason: str = ""


@flow(name="refund-approval")
def refund_approval(amount: float = 812.0) -> str:
    answer = pause_flow_run(wait_for_input=Refund.with_initial_data(description="May it be paid back?", granted=False))
    return "paid back" if answer.granted else "kept"


@flow(name="hello", log_prints=True)
def hello(name: str = "world") -> str:
    print(f"Hello, {name}!")
    return name
