"""Submitted tasks execute on Celery workers, on any host."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from orchestrator.sdk.configuration import settings
from orchestrator.sdk.configuration.profiles import home
from orchestrator.sdk.errors import SettingError
from orchestrator.sdk.runners.remote import RemotePool

if TYPE_CHECKING:
    from orchestrator.broker.signing import Signer


class CeleryTaskRunner:
    """Execute submitted tasks on the workers of a work pool: `orchestrator worker start --pool …`.

    They reach the workers through the broker of ORCHESTRATOR_BROKER_URL, by default the embedded one of the data
    directory. What is sent is signed with ORCHESTRATOR_SIGNING_KEY, by default a key that the data directory keeps:
    flows and workers on several hosts need the same one. A task whose worker is lost is run again within its retries.
    SettingError, when the first task is submitted, says that there is no broker.
    """

    def __init__(self, pool: str = "default") -> None:
        self.pool = pool

    def __repr__(self) -> str:
        return f"CeleryTaskRunner(pool={self.pool!r})"

    def open(self) -> RemotePool:
        """The way to the workers for one flow run; the broker is asked for nothing before there is work."""
        from orchestrator.broker.queues import queue_of_replies, queue_of_tasks
        from orchestrator.sdk.runners.celery_line import CeleryLine

        broker_url, signer = broker_url_here(), signer_here()
        return RemotePool(
            lambda pool: CeleryLine(
                pool,
                broker_url=broker_url,
                signer=signer,
                queue=queue_of_tasks(self.pool),
                new_mailbox=lambda: queue_of_replies(uuid4().hex),
                start_command=f"orchestrator worker start --pool {self.pool}",
            )
        )


def broker_url_here() -> str:
    """The broker that workers of this data directory, or of these settings, listen to. Raises SettingError."""
    told = settings.broker_url()
    if told:
        return told
    embedded = home() / "broker.db"
    # A server that has just started is there before its broker is used for the first time.
    if not (embedded.exists() or (home() / "server.pid").exists()):
        raise SettingError(
            f"CeleryTaskRunner needs the broker that its workers listen to, and {embedded.parent} has none yet: start "
            "a server or a worker with this ORCHESTRATOR_HOME, or set ORCHESTRATOR_BROKER_URL, for instance to "
            "redis://host:6379/0"
        )
    return f"sqlite+file://{embedded}"


def signer_here() -> Signer:
    """Signs with the key of the settings, else with the one that the data directory keeps."""
    from orchestrator.broker.signing import signer_at

    return signer_at(home(), key=settings.signing_key())
