"""Small notices for open pages: *something about this topic changed, look again*.

The protocol of `/ws/live`, all frames JSON text:

- page → server `{"type": "subscribe", "topics": ["run:<id>", "logs:<id>", "tasks:<id>", "runs"], "made": 1795000000}`;
  the topics replace those of an earlier frame, at most 50. `made` (optional) is when the page was made, in seconds
  since 1970 by the server's clock.
- server → page `{"type": "subscribed", "topics": […], "missed": […], "at": 1795000000.5}`: from now on nothing that
  changes in these topics is missed. `missed` are those that changed since the page was made; null when the server
  cannot tell, then the page fetches everything.
- server → page `{"type": "changed", "topics": […], "at": 1795000001.25}`: the page fetches the fragments of these
  topics by their URLs.
- server → page `{"type": "resync"}`: the server may have missed changes, so the page fetches everything again.

`at` is when the page was told, by the server's clock. The page sends the latest one along with what it fetches, as
`X-Orchestrator-Told-At`: whichever process answers then gives it nothing that was made before, which that process may
take for new because it has not read of the change yet.

After a reconnect the page subscribes without `made` and fetches everything, so nothing needs to be replayed.
Identifiers are UUIDs with dashes in lower case. A topic is told of at once, and then at most four times a second.

Topics: `runs` any flow run changed · `run:<flow run id>` its state changed · `tasks:<flow run id>` one of its task
runs changed · `logs:<flow run id>` it wrote log lines. A task run without a flow run stands for itself:
`tasks:<task run id>`, `logs:<task run id>`; `tasks` any task run changed. Of other things, `KINDS` has the topic of all
of a kind; `<kind>:<id>` is one of them. `events` is told of whatever happened.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from orchestrator.events.models import Event
from orchestrator.pages.shared_parts import versions

INTERVAL_SECONDS = 0.25  # between two notices of one topic
MOST_TOPICS = 50  # of one page

# What events are about, besides runs: the first words of the resource, the topic of one, and the topic of them all.
KINDS = {
    "prefect.flow.": ("flow", "flows"),
    "prefect.deployment.": ("deployment", "deployments"),
    "prefect.work-pool.": ("pool", "pools"),
    "prefect.work-queue.": ("queue", "pools"),
    "prefect.worker.": ("worker", "pools"),
    "prefect.concurrency-limit.": ("limit", "limits"),
    "prefect.artifact.": ("artifact", "artifacts"),
    "prefect.artifact-collection.": ("artifact", "artifacts"),
    "prefect.variable.": ("variable", "variables"),
    "prefect.block-document.": ("block", "blocks"),
    "prefect.automation.": ("automation", "automations"),
}
_ONE = "|".join(["run", "logs", "tasks", *sorted({one for one, _ in KINDS.values()})])
_ALL = "|".join(["runs", "tasks", "events", "assets", *sorted({every for _, every in KINDS.values()})])
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TOPIC = re.compile(rf"(?:{_ALL})|(?:{_ONE}):{_ID}")

_FLOW_RUN = "prefect.flow-run."
_TASK_RUN = "prefect.task-run."
_ASSET = "prefect.asset."


def is_topic(topic: Any) -> bool:
    return isinstance(topic, str) and TOPIC.fullmatch(topic) is not None


def topics_of_event(event: Event) -> tuple[str, ...]:
    """Which topics the event changes."""
    return ("events", *_topics_of_resource(event))


def _topics_of_resource(event: Event) -> tuple[str, ...]:
    resource_id = event.resource_id
    if resource_id.startswith(_FLOW_RUN):
        return ("runs", f"run:{resource_id.removeprefix(_FLOW_RUN)}", *_topics_of_work(event))
    if resource_id.startswith(_TASK_RUN):
        for related in event.related:
            if related["prefect.resource.role"] == "flow-run":
                return ("tasks", f"tasks:{related['prefect.resource.id'].removeprefix(_FLOW_RUN)}")
        return ("tasks", f"tasks:{resource_id.removeprefix(_TASK_RUN)}")
    for prefix, (one, every) in KINDS.items():
        if resource_id.startswith(prefix):
            return (every, f"{one}:{resource_id.removeprefix(prefix)}")
    if event.event.startswith(_ASSET):  # their resources are known by addresses of their own
        return ("assets",)
    return ()


def _topics_of_work(event: Event) -> tuple[str, ...]:
    """A run that changes also changes what is told of its flow, its deployment and the pool that it waits in."""
    topics = []
    for related in event.related:
        for prefix, (one, _) in KINDS.items():
            if related["prefect.resource.id"].startswith(prefix):
                topics.append(f"{one}:{related['prefect.resource.id'].removeprefix(prefix)}")
    return tuple(topics)


def topics_of_line(line: dict[str, Any]) -> tuple[str, ...]:
    """`line` as the API answers it."""
    run_id = line.get("flow_run_id") or line.get("task_run_id")
    return (f"logs:{run_id}",) if run_id else ()


Tell = Callable[[frozenset[str]], None]


class NoticeBoard:
    """Gathers changes by topic and tells those who watch: the first at once, the following at the interval."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._watchers: dict[str, set[Tell]] = {}
        self._quiet_until: dict[str, float] = {}
        self._pending: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, topics: Iterable[str], tell: Tell) -> None:
        for topic in topics:
            if topic not in self._watchers:
                versions.watched(topic)
            self._watchers.setdefault(topic, set()).add(tell)

    def unwatch(self, topics: Iterable[str], tell: Tell) -> None:
        for topic in topics:
            watchers = self._watchers.get(topic)
            if watchers:
                watchers.discard(tell)
                if not watchers:
                    del self._watchers[topic]
                    versions.unwatched(topic)
                    self._quiet_until.pop(topic, None)

    def events_came(self, events: Sequence[Event]) -> None:
        self.changed(topic for event in events for topic in topics_of_event(event))

    def lines_came(self, lines: Sequence[dict[str, Any]]) -> None:
        self.changed(topic for line in lines for topic in topics_of_line(line))

    def changed(self, topics: Iterable[str]) -> None:
        changed = {topic for topic in topics if topic in self._watchers}
        versions.changed(changed)
        self._pending |= changed
        self._flush()

    def _flush(self) -> None:
        at = self._loop.time()
        due = {topic for topic in self._pending if self._quiet_until.get(topic, 0.0) <= at}
        self._pending -= due
        for topic in due:
            self._quiet_until[topic] = at + INTERVAL_SECONDS
        told: dict[Tell, set[str]] = {}
        for topic in due:
            for tell in self._watchers.get(topic, ()):
                told.setdefault(tell, set()).add(topic)
        for tell, changed in told.items():
            tell(frozenset(changed))
        if self._pending and self._timer is None:
            first = min(self._quiet_until.get(topic, at) for topic in self._pending)
            self._timer = self._loop.call_at(first, self._flush_later)

    def _flush_later(self) -> None:
        self._timer = None
        self._flush()
