"""Background tasks: one process puts work down, another one does it.

    orchestrator server start
    python examples/background_tasks.py serve   # in a second terminal
    python examples/background_tasks.py         # in a third one, before or after

Instead of the second: orchestrator task serve examples/background_tasks.py
"""

import sys

from orchestrator import serve, task


@task(retries=2, retry_delay_seconds=1, log_prints=True)
def resize(picture: str, width: int = 800) -> str:
    print("Resizing", picture)
    return f"{picture.removesuffix('.png')}-{width}.png"


@task(log_prints=True)
async def notify(user: str, picture: str) -> str:
    print("Telling", user)
    return f"{user}: {picture} is ready"


def upload(user: str, picture: str) -> str:
    """What a web request does: it returns at once, with the id by which the result is found later."""
    resized = resize.delay(picture, width=640)
    told = notify.delay(user, resized)  # begins when the picture is there
    return told.task_run_id


def main() -> None:
    from orchestrator import BackgroundFuture

    waiting = [upload(user, f"{user}.png") for user in ("ada", "grace", "katherine")]
    for task_run_id in waiting:
        print(BackgroundFuture(task_run_id).result(timeout=60))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve(resize, notify)
    else:
        main()
