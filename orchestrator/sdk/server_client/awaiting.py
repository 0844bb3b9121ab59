"""The client whose methods are awaited: those of the blocking one, each executed in a thread.

What type checkers see of it is in `awaiting.pyi`, which is made from the methods (tests/sdk/server_client).
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.server_client.blocking import SyncOrchestratorClient, calls
from orchestrator.sdk.timing import pace

_THREADS = 8  # requests of one client that are under way at once; each thread keeps its connection


class OrchestratorClient:
    """The API of one server, by methods to be awaited. From `get_client()`; otherwise as SyncOrchestratorClient.

    At most 8 requests are under way at once. Leaving `async with` ends its threads; it can be used again.
    """

    def __init__(self, client: Client) -> None:
        self._blocking = SyncOrchestratorClient(client)
        self._threads: ThreadPoolExecutor | None = None

    @property
    def _client(self) -> Client:
        return self._blocking._client

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return self._blocking.api_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)

    async def _await(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        import asyncio
        from contextvars import copy_context

        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="orchestrator-client")
        context, given_up = copy_context(), threading.Event()
        context.run(pace.until_given_up, given_up)
        call = functools.partial(context.run, method, self._blocking, *args, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except asyncio.CancelledError:
            given_up.set()  # the server is not asked again
            raise


def _awaited(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def call(self: OrchestratorClient, *args: Any, **kwargs: Any) -> Any:
        return await self._await(method, *args, **kwargs)

    return call


for _name, _method in calls().items():
    setattr(OrchestratorClient, _name, _awaited(_method))
