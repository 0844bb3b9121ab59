"""The embedded message broker: one SQLite file that Celery uses through kombu, so that no broker has to be installed.

Broker URLs look like `sqlite+file:///absolute/path/broker.db`. Call `register()` before the first kombu connection;
the same Celery options work unchanged with `redis://` URLs.
"""

from pathlib import Path

from orchestrator.broker.celery_options import CELERY_OPTIONS

SCHEME = "sqlite+file://"
_TRANSPORTS = {
    "sqlite": "orchestrator.broker.transport:Transport",
    "redis": "orchestrator.broker.forkable_redis:Transport",
    "rediss": "orchestrator.broker.forkable_redis:Transport",
    "sentinel": "orchestrator.broker.forkable_redis:SentinelTransport",
}

__all__ = ["CELERY_OPTIONS", "SCHEME", "broker_url", "register"]


def register() -> None:
    """Teach kombu the `sqlite+file` scheme, and Redis beside forks. Cheap, and safe to call again."""
    from kombu.transport import TRANSPORT_ALIASES

    TRANSPORT_ALIASES.update(_TRANSPORTS)


def broker_url(path: Path) -> str:
    """The URL of the embedded broker that keeps its messages in the file at `path`."""
    return f"{SCHEME}{path.resolve()}"
