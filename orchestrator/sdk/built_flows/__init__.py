"""Flows that are put together in a block, `with Flow("etl") as flow:`, as Prefect 1 has them."""
