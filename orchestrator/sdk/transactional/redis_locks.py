"""Locks in Redis: one holder at a time among all hosts that use the same one. Needs the `redis` library.

A lock without `hold_timeout` is a lease that this process renews while it holds it: when the process dies, or cannot
reach Redis for longer than the lease, the lock is free again after LEASE_SECONDS.
"""

from __future__ import annotations

from typing import Any

from orchestrator.sdk.errors import TransactionError
from orchestrator.sdk.transactional import renewing
from orchestrator.sdk.transactional.waiting import until

_PREFIX = "orchestrator:lock:"
_ANSWER_SECONDS = 5.0  # who waits longer for Redis does not notice that its lease ends

# KEYS[1] the lock; ARGV[1] the holder, ARGV[2] for how many milliseconds.
_TAKE = """
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_GIVE_BACK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisLockManager:
    """Locks for the processes of all hosts that name the same Redis.

    host, port, db, username, password, ssl: where it is. `url`, such as `rediss://user:secret@host:6379/0`, goes before
    them. Raises TransactionError when Redis cannot be reached.
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        username: str | None = None,
        password: str | None = None,
        ssl: bool = False,
        *,
        url: str | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            "host": host,
            "port": port,
            "db": db,
            "username": username,
            "password": password,
            "ssl": ssl,
            "url": url,
        }
        self._connect()

    def _connect(self) -> None:
        self._redis = _client(**self._options)
        self._renewals = renewing.Renewals()

    def __repr__(self) -> str:
        where = self._redis.connection_pool.connection_kwargs  # an address may hold a password
        return f"RedisLockManager({where.get('host')}:{where.get('port')}/{where.get('db', 0)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RedisLockManager) and other._options == self._options

    def __hash__(self) -> int:
        return hash(tuple(self._options.items()))

    def __getstate__(self) -> dict[str, Any]:
        return {"_options": self._options}  # whoever loads it has a connection and leases of its own

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._options = state["_options"]
        self._connect()

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """True once the holder has the lock; False when it was not free within `acquire_timeout`.

        After `hold_timeout` somebody else may take it; without, it is held for as long as this process lives.
        """
        kept = renewing.LEASE_SECONDS if hold_timeout is None else hold_timeout
        milliseconds = max(1, int(kept * 1000))
        if not until(lambda: self._run(_TAKE, key, holder, milliseconds) == 1, acquire_timeout):
            return False
        self._renewals.stop((key, holder))
        if hold_timeout is None:
            self._renewals.start((key, holder), lambda: self._renew(key, holder))
        return True

    def release_lock(self, key: str, holder: str) -> None:
        """Raises TransactionError when the holder does not have it."""
        self._renewals.stop((key, holder))
        if self._run(_GIVE_BACK, key, holder) != 1:
            raise TransactionError(f"The lock {key!r} is not held by {holder!r}")

    def is_locked(self, key: str) -> bool:
        """Whether anybody has it."""
        return self._holder(key) is not None

    def is_lock_holder(self, key: str, holder: str) -> bool:
        """Whether this holder has it."""
        return self._holder(key) == holder

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until nobody has it. False when somebody still does after `timeout`."""
        return until(lambda: not self.is_locked(key), timeout)

    def _holder(self, key: str) -> str | None:
        found = self._asked(lambda: self._redis.get(_PREFIX + key))
        return None if found is None else found.decode()

    def _run(self, script: str, key: str, holder: str, *more: Any) -> Any:
        return self._asked(lambda: self._redis.eval(script, 1, _PREFIX + key, holder, *more))

    def _asked(self, ask: Any) -> Any:
        from redis.exceptions import RedisError

        try:
            return ask()
        except RedisError as error:
            raise TransactionError(f"The locks in Redis cannot be reached ({self!r}): {error}") from error

    def _renew(self, key: str, holder: str) -> bool:
        return self._run(_RENEW, key, holder, int(renewing.LEASE_SECONDS * 1000)) == 1


def _client(*, url: str | None, **where: Any) -> Any:
    try:
        import redis
    except ImportError:
        raise TransactionError("RedisLockManager needs a library: pip install redis") from None
    if url is not None:
        return redis.Redis.from_url(url, socket_timeout=_ANSWER_SECONDS)  # unless the address says another
    return redis.Redis(**where, socket_timeout=_ANSWER_SECONDS)
