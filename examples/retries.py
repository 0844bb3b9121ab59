"""Retries: a task is tried again after a pause, as long as that makes sense."""

from orchestrator import flow, task

UNRELIABLE = {"failures": 2}  # how often the service still fails


class Busy(Exception):
    """The service may answer later."""


def is_worth_it(task, run, state) -> bool:
    """A bad address stays bad; a busy service does not."""
    return isinstance(state.result(raise_on_failure=False), Busy)


@task(retries=3, retry_delay_seconds=[0.05, 0.1, 0.2], retry_jitter_factor=0.5, retry_condition_fn=is_worth_it)
def fetch(address: str) -> str:
    """The pauses grow, and differ a little from run to run, so that not everybody comes back at once."""
    if "://" not in address:
        raise ValueError(f"{address} is no address")
    if UNRELIABLE["failures"]:
        UNRELIABLE["failures"] -= 1
        raise Busy(address)
    return f"the page at {address}"


@flow(retries=1, log_prints=True)
def visit(addresses: tuple[str, ...] = ("https://example.test", "nowhere")) -> list[str]:
    """A flow may have retries, too: it begins again as a whole."""
    pages = []
    for address in addresses:
        state = fetch(address, return_state=True)
        if state.is_completed():
            pages.append(state.result())
        else:
            print(f"Without {address}: {state.message}")
    return pages


if __name__ == "__main__":
    print(visit())
