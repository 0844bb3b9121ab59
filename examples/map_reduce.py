"""Map and reduce: how often each word occurs in 2,000 texts, counted side by side and added up in a few steps.

`python map_reduce.py` uses the processors of this machine; `python map_reduce.py celery` uses workers, on any host.
"""

import random
import sys
from collections import Counter

from orchestrator import CeleryTaskRunner, ProcessPoolTaskRunner, flow, task

TEXTS = 2_000
WORDS = "ant bee cat dog eel fox gnu hen".split()
AT_ONCE = 250  # counts that one task adds up


@task
def text(number: int) -> str:
    """The same text for the same number."""
    return " ".join(random.Random(number).choices(WORDS, k=50))


@task
def count_words(number: int) -> Counter[str]:
    """Map: one of 2,000, each by itself."""
    return Counter(text.fn(number).split())


@task
def add_up(counts: list[Counter[str]]) -> Counter[str]:
    """Reduce: many counts become one."""
    return sum(counts, Counter())


@flow(name="map reduce", log_prints=True)
def map_reduce() -> dict[str, int]:
    counts = count_words.map(range(TEXTS))
    # Futures go in as they are: each sum begins when its own counts are there.
    sums = add_up.map([counts[start : start + AT_ONCE] for start in range(0, TEXTS, AT_ONCE)])
    total = add_up.submit(list(sums)).result()
    assert total.total() == TEXTS * 50
    print("The most frequent word is", *total.most_common(1)[0])
    return dict(total)


if __name__ == "__main__":
    runner = CeleryTaskRunner() if sys.argv[1:] == ["celery"] else ProcessPoolTaskRunner(max_workers=2)
    map_reduce.with_options(task_runner=runner)()
