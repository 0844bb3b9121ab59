"""`@materialize("s3://bucket/orders.csv")`: a task that makes assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, Self, TypeVar

from orchestrator.sdk.assets.asset import Asset, as_assets
from orchestrator.sdk.errors import AssetError
from orchestrator.sdk.options.checks import checked_name
from orchestrator.sdk.options.option_names import accepted_options
from orchestrator.sdk.tasks.task import Task

P = ParamSpec("P")
R = TypeVar("R")


class MaterializingTask(Task[P, R]):
    """A task that makes assets; made by `@materialize`.

    assets: what it makes, assets or their keys.
    materialized_by: the tool that does it, such as "dbt"; None says nothing.
    options: those of every task.
    """

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        assets: Iterable[str | Asset],
        materialized_by: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(fn, **accepted_options(options, known=Task._option_names, kind="task"))
        self.assets = as_assets(assets, "assets")
        self.materialized_by = checked_name(materialized_by, kind="tool that makes assets")
        self._options.update(assets=self.assets, materialized_by=materialized_by)

    def __get__(self, instance: Any, owner: type | None = None) -> Self:
        bound: Self = super().__get__(instance, owner)
        return bound


MaterializingTask._option_names = Task._option_names | {"assets", "materialized_by"}


def materialize(
    *assets: str | Asset, by: str | None = None, **options: Any
) -> Callable[[Callable[P, R]], MaterializingTask[P, R]]:
    """Make a function a task that makes these assets: `@materialize("s3://bucket/orders.csv", by="dbt")`.

    When a run has completed or failed, an event tells so of each asset, with the assets that it was made from: those
    that the tasks made whose results it was given, and its `asset_deps`. `options` are those of Task.

    Raises AssetError without any asset.
    """
    if not assets or callable(assets[0]):
        raise AssetError("@materialize needs at least one asset: @materialize('s3://bucket/orders.csv')")

    def decorator(fn: Callable[P, R]) -> MaterializingTask[P, R]:
        return MaterializingTask(fn, assets=assets, materialized_by=by, **options)

    return decorator
