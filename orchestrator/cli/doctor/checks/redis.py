"""What must hold of Redis."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cli.doctor.findings import Finding, ok, problem, warning
from orchestrator.cli.doctor.probes.redis import Redis

LEAST_VERSION = (6, 0)
ALMOST_FULL = 0.9


def redis_answers(redis: Redis) -> Finding:
    if redis.trouble is not None:
        advice = "Start it, or correct REDIS_URL. Runs wait meanwhile, and none is lost."
        return problem("Redis", f"{redis.address} cannot be used: {redis.trouble}", advice)
    if redis.is_cluster:
        advice = "Use one Redis server, with a replica if you like: the broker's queues cannot be spread."
        return problem("Redis", f"{redis.address} is a cluster", advice)
    if redis.version and tuple(int(part) for part in redis.version.split(".")[:2]) < LEAST_VERSION:
        return warning("Redis", f"{redis.address} is Redis {redis.version}", "Use Redis 6.0 or newer.")
    return ok("Redis", f"{redis.address} answers, Redis {redis.version}")


def redis_evicts_nothing(redis: Redis) -> Finding:
    """A full Redis that evicts throws away messages, and the lists of who listens."""
    if redis.eviction is None:
        return warning("Redis memory", "its eviction policy is not told", "Make sure that it is noeviction.")
    if redis.eviction != "noeviction":
        return problem(
            "Redis memory",
            f"maxmemory-policy is {redis.eviction}: when memory is short, messages vanish without a word",
            "redis-cli config set maxmemory-policy noeviction, and the same in redis.conf.",
        )
    if redis.most_bytes and redis.used_bytes and redis.used_bytes > ALMOST_FULL * redis.most_bytes:
        full = f"{redis.used_bytes / 1e6:.0f} of {redis.most_bytes / 1e6:.0f} MB are used"
        return warning("Redis memory", full, "Give it more memory: a full Redis takes no more messages.")
    return ok("Redis memory", "nothing is evicted (noeviction)")


def redis_persistence(redis: Redis) -> Iterator[Finding]:
    """Messages are only wake-ups, so what is lost with a restart costs seconds, not runs."""
    if redis.saves is False:
        yield ok("Redis persistence", "nothing outlives a restart of it; runs then wait some seconds, and none is lost")
