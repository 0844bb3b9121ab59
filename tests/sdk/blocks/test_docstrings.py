from __future__ import annotations

import pytest

from orchestrator.sdk.blocks.docstrings import first_text


@pytest.mark.parametrize(
    ("docstring", "text"),
    [
        (None, None),
        ("", None),
        ("One line.", "One line."),
        ("First.\n\n    Second.\n    ", "First.\n\nSecond."),
        ("First.\n\n    Args:\n        x: what it is\n", "First."),
        ("\n    Args:\n        x: what it is\n\n    After.\n    ", "After."),  # the section stands first
        ("\n    Args:\n        x: what it is\n    ", None),
        ("First.\n\n    Note: look\n        here\n\n    Later.", "First."),  # any heading with something indented below
        ("Note: this\n    is text.", "Note: this\nis text."),  # nothing is indented below
        ("First.\n    Args:\n        x: no empty line above\n", "First.\nArgs:\n    x: no empty line above"),
        ("First.\n\n    ```\n    Args:\n        x\n    ```\n", "First.\n\n```\nArgs:\n    x\n```"),
    ],
)
def test_finds_the_text_above_the_sections(docstring: str | None, text: str | None) -> None:
    assert first_text(docstring) == text
