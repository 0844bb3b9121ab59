"""The numbers tutorial with tasks side by side: a task begins when the futures it was given have ended."""

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


@flow(name="concurrent analysis", log_prints=True)
def concurrent_analysis() -> float:
    first = get_number.submit()
    second = get_number.submit()
    total = add.submit(first, second)
    product = multiply.submit(first, second)
    average = mean.submit([total, product]).result()
    print(f"The mean is {average}")
    return average


if __name__ == "__main__":
    concurrent_analysis()
