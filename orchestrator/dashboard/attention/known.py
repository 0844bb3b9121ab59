"""What the overview has read anyway, and causes are told from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployments.pages.pool_rows import PoolRow
from deployments.pages.recent_runs import RecentRuns
from orchestrator.dashboard.attention.failures import Failing
from orchestrator.dashboard.overview.deployments import DeploymentRow
from orchestrator.dashboard.overview.under_way import UnderWay


@dataclass(frozen=True, slots=True)
class Known:
    now: datetime
    since: datetime
    range_key: str  # how the address calls the time since then
    tag: str  # of the runs that are looked at; nothing for all
    pools: list[PoolRow]
    failing: list[Failing]
    under_way: UnderWay
    deployments: list[DeploymentRow]
    recent: Mapping[Any, RecentRuns]
