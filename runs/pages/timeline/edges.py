"""Which bar waited for which: along the critical path, and those of each row, which are shown while one looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from runs.models import FlowRun, TaskRun
from runs.pages.timeline.drawn import ROW_HEIGHT, Edge, Row
from runs.pages.timeline.lanes import Lane, Spans
from runs.pages.timeline.scale import Scale
from runs.services.graph import upstream_ids

MOST_EDGES = 12  # of one row; with more nobody could tell them apart


def waits_of(tasks: Iterable[TaskRun], children: Mapping[UUID, FlowRun]) -> dict[UUID, list[UUID]]:
    """What each task waited for. The result of a subflow is known by the run that stands for it, or by its own."""
    stands_for = {child.id: task_id for task_id, child in children.items()}
    return {task.id: [stands_for.get(one, one) for one in upstream_ids(task.task_inputs)] for task in tasks}


def connect(
    rows: Sequence[Row],
    lanes: Sequence[Lane],
    *,
    spans: Spans,
    scale: Scale,
    now: datetime,
    waits: Mapping[UUID, Sequence[UUID]],
    critical: Sequence[UUID],
) -> list[Edge]:
    """The edges of the critical path. Each row is given its own, one for each row that it is connected with."""
    row_of: dict[UUID, Row] = {}
    for row, lane in zip(rows, lanes, strict=True):
        if not (row.is_group and row.is_open):  # those that are unfolded have rows of their own
            row_of |= {task.id: row for task in lane.tasks if spans[task.id]}

    def edge(upstream: UUID, following: UUID) -> Edge | None:
        """None where it stays in one row, or is out of sight."""
        above, below = row_of.get(upstream), row_of.get(following)
        if above is None or below is None or above is below:
            return None
        end, start = spans[upstream][-1].end or now, spans[following][0].start
        if not scale.shows(end, start):
            return None
        return Edge(scale.x(end), above.y + ROW_HEIGHT // 2, scale.x(start), below.y + ROW_HEIGHT // 2)

    connected: set[tuple[int, int]] = set()
    for following in sorted(row_of, key=lambda task_id: spans[task_id][0].start, reverse=True):
        for upstream in waits[following]:
            pair = (id(row_of.get(upstream)), id(row_of[following]))
            if pair in connected or (found := edge(upstream, following)) is None:
                continue
            connected.add(pair)  # the one of all between the two rows that began last
            for row in (row_of[upstream], row_of[following]):
                if len(row.edges) < MOST_EDGES:
                    row.edges.append(found)
    return [found for pair in pairwise(critical) if (found := edge(*pair)) is not None]
