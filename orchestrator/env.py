"""Typed readers of environment variables. A bad value stops the start and says which variable expects what."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class BadSetting(SystemExit):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name}={value!r} is not usable: expected {expected}.")


class Env:
    """Reads one mapping of variables; an absent or empty variable means the default."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "") -> str:
        return self._variables.get(name, "").strip() or default

    def flag(self, name: str, default: bool) -> bool:
        return self._read(name, default, lambda text: _FLAGS[text.lower()], "true or false")

    def integer(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        return self._number(name, default, int, "a whole number", least, most)

    def seconds(self, name: str, default: float, *, least: float = 0, most: float | None = None) -> float:
        return self._number(name, default, float, "a number of seconds", least, most)

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """A list separated by commas."""
        text = self.text(name)
        return [word.strip() for word in text.split(",") if word.strip()] if text else list(default)

    def choice(self, name: str, default: str, *choices: str) -> str:
        return self._read(name, default, lambda text: choices[choices.index(text)], f"one of {', '.join(choices)}")

    def url(self, name: str, default: str, *schemes: str) -> str:
        def read(text: str) -> str:
            if text.partition("://")[0] not in schemes:
                raise ValueError
            return text

        return self._read(name, default, read, f"a URL that begins with one of {', '.join(f'{s}://' for s in schemes)}")

    def directory(self, name: str, default: str) -> Path:
        return Path(self.text(name, default)).expanduser().resolve()

    def _number(
        self, name: str, default: T, kind: Callable[[str], T], what: str, least: float, most: float | None
    ) -> T:
        bounds = f"{what} of at least {least}" + (f" and at most {most}" if most is not None else "")

        def read(text: str) -> T:
            number = kind(text)
            if number < least or (most is not None and number > most):  # type: ignore[operator]
                raise ValueError
            return number

        return self._read(name, default, read, bounds)

    def _read(self, name: str, default: T, read: Callable[[str], T], expected: str) -> T:
        text = self.text(name)
        if not text:
            return default
        try:
            return read(text)
        except (ValueError, KeyError):
            raise BadSetting(name, text, expected) from None
