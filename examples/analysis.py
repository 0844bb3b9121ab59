"""The numbers tutorial, step by step: each task waits for the one before it."""

import random
import time

from orchestrator import flow, task


@task
def get_number() -> int:
    """A random number of four digits, after a second of thought."""
    time.sleep(1)
    return random.randint(1_000, 9_999)


@task
def add(a: int, b: int) -> int:
    time.sleep(1.5)
    return a + b


@task
def multiply(a: int, b: int) -> int:
    time.sleep(1)
    return a * b


@task
def mean(numbers: list[int]) -> float:
    time.sleep(3)
    return sum(numbers) / len(numbers)


@flow
def analysis() -> float:
    first = get_number()
    second = get_number()
    total = add(first, second)
    product = multiply(first, second)
    return mean([total, product])


if __name__ == "__main__":
    print(analysis())
