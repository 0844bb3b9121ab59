"""Time limits: a task that takes too long is given up, and the flow goes on with something else."""

import time

from orchestrator import flow, task


@task(timeout_seconds=0.1)
def ask_the_slow_service(question: str) -> str:
    time.sleep(0.2)
    return f"the newest answer to {question}"


@task
def look_it_up(question: str) -> str:
    return f"yesterday's answer to {question}"


@flow(timeout_seconds=30, log_prints=True)
def answer(question: str = "how warm is it?") -> str:
    """`timeout_seconds` of the flow is for all of it; a flow that exceeds it fails."""
    asked = ask_the_slow_service(question, return_state=True)
    if asked.name == "TimedOut":
        print(f"Given up: {asked.message}")
        return look_it_up(question)
    return asked.result()


if __name__ == "__main__":
    print(answer())
