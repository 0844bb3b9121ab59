"""What the websocket protocol and the applications agree on about PINGs."""

EXTENSION = "orchestrator.receipts"  # the key of a Receipts among the extensions of a socket's scope
PING = "orchestrator.ping"  # the type of the message in which an application gets a PING; `answer` sends the PONG


class Receipts:
    """An application that sets `wanted` gets each PING in line with the frames, and answers it when it likes."""

    wanted = False
