"""Kombu's Redis transport for a process that forks while other threads of it speak to the broker.

In a fresh child kombu ends the connections that it inherited, and redis-py takes the lock of their pool for that. A
thread of the parent that held the lock in the moment of the fork is not in the child: nobody would ever give it back,
and the child would hang before it has begun. Here the child lets go of the connections instead. They were never its
own, and the parent's end of each stays open.
"""

from __future__ import annotations

from kombu.transport import redis


class Channel(redis.Channel):
    def _after_fork(self) -> None:
        _let_go(self)


class Transport(redis.Transport):
    Channel = Channel


class SentinelChannel(redis.SentinelChannel):
    def _after_fork(self) -> None:
        _let_go(self)


class SentinelTransport(redis.SentinelTransport):
    Channel = SentinelChannel


def _let_go(channel: redis.Channel) -> None:
    channel._pool = channel._async_pool = None
    channel._sentinel_manager = channel._async_sentinel_manager = None
