"""The log socket of the contract: `/logs/out`."""

from __future__ import annotations

from pydantic import ValidationError

from orchestrator.live.hub import Subscription, TooSlow, current_hub
from orchestrator.live.log_stream import Line
from orchestrator.live.sockets import PROTOCOL_ERROR, TRY_AGAIN_LATER, ApiSocket, Refuse, until_first_ends
from orchestrator.rest.filters import Filter, matches
from orchestrator.rest.json import dump
from runs.api.filters import LogFilter


class LogsOut(ApiSocket):
    """The client says which lines it wants, then gets every such line that is written from then on."""

    async def converse(self) -> None:
        asked = await self.receive_object()
        if asked.get("type") != "filter":
            raise Refuse(PROTOCOL_ERROR, "Expected 'filter' message")
        try:
            wanted = LogFilter.model_validate(asked.get("filter"))
        except ValidationError as error:
            raise Refuse(PROTOCOL_ERROR, f"Invalid filter: {error.error_count()} errors") from None
        lines: Subscription[Line] = Subscription(lambda line: fits(line, wanted))
        hub = current_hub()
        hub.watch_lines(lines.offer)
        try:
            await until_first_ends(self._deliver(lines), self.watch_for_close())
        finally:
            hub.unwatch_lines(lines.offer)

    async def _deliver(self, lines: Subscription[Line]) -> None:
        while True:
            try:
                for line in await lines.take():
                    await self.send_text(dump({"type": "log", "log": line}).decode())
            except TooSlow:
                raise Refuse(TRY_AGAIN_LATER, "too far behind") from None


def fits(line: Line, wanted: Filter) -> bool:
    """Whether the line is one of those that the filter asks for."""
    return matches(wanted, line | {"text": f"{line['message']} {line['name']}"})
