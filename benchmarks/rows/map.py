"""Tasks of one `.map()`."""

from benchmarks.no_op_tasks import row

ROW = row("map", "no-op tasks with `.map()`", items=2000)
