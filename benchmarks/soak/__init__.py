"""What `benchmarks/rows/soak.py` is made of: mixed load, somebody who disturbs it, and a judge of what came of it."""
