"""What a setting may be, as text: each gives it back as it is used, or raises ValueError with what is needed."""

from __future__ import annotations

from functools import cache

from orchestrator.sdk.configuration.addresses import split_address

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def text(value: str) -> str:
    return value


@cache
def address(value: str) -> str:
    split_address(value)
    return value.rstrip("/")


def broker(value: str) -> str:
    if "://" not in value:
        raise ValueError("it must look like redis://host:6379/0")
    return value


def login(value: str) -> str:
    if ":" not in value:
        raise ValueError("it must look like user:password")
    return value


def seconds(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        raise ValueError("a number is needed") from None
    if number < 0:
        raise ValueError("it cannot be negative")
    if number != number or number == float("inf"):
        raise ValueError("a number is needed")
    return value


def some_seconds(value: str) -> str:
    if float(seconds(value)) == 0:
        raise ValueError("more than 0 is needed")
    return value


def count(value: str) -> str:
    if not value.isdecimal():
        raise ValueError("a whole number is needed")
    return value


def some(value: str) -> str:
    if int(count(value)) == 0:
        raise ValueError("at least 1 is needed")
    return value


def delays(value: str) -> str:
    for each in value.strip("[]").split(","):
        seconds(each.strip())
    return value.strip("[]")


def yes_or_no(value: str) -> str:
    told = value.lower()
    if told not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ValueError("use true or false")
    return "true" if told in {"true", "1", "yes", "on"} else "false"


def level(value: str) -> str:
    if value.upper() not in LEVELS:
        raise ValueError(f"use {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    return value.upper()
