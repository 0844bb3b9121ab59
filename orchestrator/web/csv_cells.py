"""Cells of CSV files."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from orchestrator.contract.times import format_time

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula and execute


def csv_cell(value: Any) -> str:
    """A cell that no spreadsheet executes."""
    text = plain_text(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def plain_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
