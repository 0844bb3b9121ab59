"""The collector of garbage in the server's processes: they load much that stays, and make much that goes by itself."""

import gc

NEW_OBJECTS = 20_000  # after which it looks again: a request makes a few thousand, nearly all of which are gone soon


def look_rarely() -> None:
    """To be called once all is loaded: it stays until the end, so the collector need not look at it again and again."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
