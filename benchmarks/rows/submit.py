"""Tasks submitted one by one."""

from benchmarks.no_op_tasks import row

ROW = row("submit", "no-op tasks with `.submit()`", items=2000)
