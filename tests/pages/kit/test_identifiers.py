"""Identifiers in addresses."""

from uuid import UUID

import pytest

from orchestrator.pages.identifiers import whole_identifier

WHOLE = "01a1ff8c-77f1-7c22-8e26-d86c20d2a727"


@pytest.mark.parametrize("text", [WHOLE, WHOLE.upper(), WHOLE.replace("-", ""), f" {WHOLE} "])
def test_reads_a_whole_one(text):
    assert whole_identifier(text) == UUID(WHOLE)


@pytest.mark.parametrize("text", [None, "", WHOLE[:8], "none", f"{WHOLE}0", "\x00"])
def test_takes_anything_else_for_none(text):
    assert whole_identifier(text) is None
