"""Redis, as the broker of our workers and for live pages of several web processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Redis:
    """What a server does not tell, because commands are switched off at some providers, is None."""

    address: str  # without a password
    trouble: str | None = None
    version: str | None = None
    eviction: str | None = None  # its `maxmemory-policy`
    most_bytes: int | None = None  # 0: as much as there is
    used_bytes: int | None = None
    saves: bool | None = None  # whether anything outlives a restart
    is_cluster: bool = False
    clock_ahead_seconds: float | None = None


def look_at_redis(url: str) -> Redis:
    from urllib.parse import urlsplit

    from redis import Redis as Connection
    from redis.exceptions import RedisError

    address = urlsplit(url).netloc.rpartition("@")[2] or url
    try:
        connection = Connection.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS, decode_responses=True
        )
        with connection:
            info = connection.info()
            began = time.time()
            seconds, microseconds = connection.time()
            ahead = seconds + microseconds / 1e6 - (began + time.time()) / 2
            eviction = info.get("maxmemory_policy")
            return Redis(
                address,
                version=info.get("redis_version"),
                eviction=eviction,
                most_bytes=info.get("maxmemory"),
                used_bytes=info.get("used_memory"),
                saves=_saves(connection, info),
                is_cluster=bool(info.get("cluster_enabled")),
                clock_ahead_seconds=ahead,
            )
    except (RedisError, OSError, ValueError) as error:
        return Redis(address, trouble=str(error))


def _saves(connection: Any, info: Any) -> bool | None:
    from redis.exceptions import RedisError

    if info.get("aof_enabled"):
        return True
    try:
        return bool(connection.config_get("save").get("save"))
    except RedisError:
        return None
