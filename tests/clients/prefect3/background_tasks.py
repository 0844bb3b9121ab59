"""Tasks that a client delays and task workers execute.

`serve`, or `delay COUNT [FIRST]`, which prints the ids of the task runs with the numbers from FIRST on.
"""

import json
import os
import sys
import time

from prefect import task
from prefect.task_worker import serve


@task
def remember(number: int) -> int:
    with open(os.environ["DONE"], "a") as done:
        done.write(f"{number} {os.environ.get('WORKER', '')}\n")
    time.sleep(0.05)
    return number


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(remember, limit=1)
    else:
        first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
        numbers = range(first, first + int(sys.argv[2]))
        print(json.dumps([str(remember.delay(number).task_run_id) for number in numbers]))
