"""Caching: what was worked out for the same arguments within the last hour is not worked out again."""

from orchestrator import flow, task, task_input_hash

EXECUTED: list[int] = []  # the arguments that were not found in the cache


@task(cache_key_fn=task_input_hash, cache_expiration_seconds=3600)
def square(number: int) -> int:
    """Results lie in the result storage, so they are found by other runs and other processes, too."""
    EXECUTED.append(number)
    return number * number


@flow(log_prints=True)
def squares(numbers: tuple[int, ...] = (2, 3, 2, 2)) -> list[int]:
    found = [square(number) for number in numbers]
    print(f"{len(numbers)} asked for, {len(EXECUTED)} executed")
    return found


if __name__ == "__main__":
    print(squares())
