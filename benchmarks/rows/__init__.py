"""The rows of the table, one file each, in the order in which they are shown."""

from benchmarks.rows import import_, map, submit, task
from benchmarks.rows.row import Row

ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in (import_, task, submit, map)}
