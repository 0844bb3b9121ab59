"""How much fetched code may cost: settings of the worker's environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.worker.code.errors import CodeUnavailable

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for one fetch, `source_bytes` for one revision unpacked, `cache_bytes` for all that is kept."""

    seconds: float = 300.0
    source_bytes: int = 1024 * MEBIBYTE
    cache_bytes: int = 4096 * MEBIBYTE


def limits_from(environ: Mapping[str, str] = os.environ) -> Limits:
    """Raises CodeUnavailable for a variable that is no positive number."""
    default = Limits()
    return Limits(
        seconds=_number(environ, "ORCHESTRATOR_CODE_SECONDS", default.seconds),
        source_bytes=int(_number(environ, "ORCHESTRATOR_CODE_MAX_MB", default.source_bytes / MEBIBYTE) * MEBIBYTE),
        cache_bytes=int(_number(environ, "ORCHESTRATOR_CODE_CACHE_MB", default.cache_bytes / MEBIBYTE) * MEBIBYTE),
    )


def code_home(home: Path) -> Path:
    """Where fetched code is kept on this host."""
    return home / "code"


def _number(environ: Mapping[str, str], variable: str, default: float) -> float:
    text = environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e12:
        raise CodeUnavailable(f"{variable} is {text!r}; a number above 0 is needed")
    return value
