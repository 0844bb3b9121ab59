"""What a page says, apart from the style sheet that stands in it."""

from __future__ import annotations

import re
from typing import Any


def without_style(page: Any) -> str:
    """An answer, or its text, without the one style sheet of every page."""
    text: str = page if isinstance(page, str) else page.content.decode()
    return re.sub(r"<style>.*?</style>", "", text, count=1, flags=re.DOTALL)
