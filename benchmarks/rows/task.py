"""Tasks called one after the other."""

from benchmarks.no_op_tasks import row

ROW = row("task", "no-op tasks, one after the other", items=500, bound=1.5)
