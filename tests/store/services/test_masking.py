"""Secrets are masked, and masks that come back are taken for what they hide."""

from __future__ import annotations

import pytest

from orchestrator.store.services.masking import MASK, masked, unmasked


@pytest.mark.parametrize(
    ("data", "path", "shown"),
    [
        ({"value": "s"}, "value", {"value": MASK}),
        ({"value": {"a": 1}}, "value", {"value": MASK}),  # as a whole
        ({"value": ["a", "b"]}, "value", {"value": MASK}),
        ({"value": False}, "value", {"value": MASK}),
        ({"value": None}, "value", {"value": None}),  # nothing to hide
        ({"other": "s"}, "value", {"other": "s"}),
        ({"login": {"user": "u", "password": "p"}}, "login.password", {"login": {"user": "u", "password": MASK}}),
        ({"keys": {"a": 1, "b": {"c": None}}}, "keys.*", {"keys": {"a": MASK, "b": {"c": MASK}}}),
        ({"keys": {}, "x": 1}, "keys.*", {"keys": {}, "x": 1}),
        ({"logins": [{"password": "p"}, {}]}, "logins.password", {"logins": [{"password": MASK}, {}]}),
        ({"by": {"eu": {"key": "k"}, "n": 1}}, "by.key", {"by": {"eu": {"key": MASK}, "n": 1}}),  # in any of a mapping
        ("not an object", "value", "not an object"),
    ],
)
def test_masks_at_a_path(data, path, shown):
    assert masked(data, [tuple(path.split("."))]) == shown


@pytest.mark.parametrize(
    ("sent", "stored", "path", "kept"),
    [
        ({"value": MASK}, {"value": "s"}, "value", {"value": "s"}),
        ({"value": MASK}, {"value": {"a": 1}}, "value", {"value": {"a": 1}}),
        ({"value": "new"}, {"value": "s"}, "value", {"value": "new"}),
        ({"value": MASK}, {}, "value", {"value": MASK}),  # then it is the secret
        ({"note": MASK}, {"note": "n"}, "value", {"note": MASK}),  # no secret, so no mask
        ({"keys": {"a": MASK, "b": "new"}}, {"keys": {"a": 1, "b": 2}}, "keys.*", {"keys": {"a": 1, "b": "new"}}),
        ({"keys": {"a": {"b": MASK}}}, {"keys": {"a": {"b": None}}}, "keys.*", {"keys": {"a": {"b": None}}}),
        ({"of": [{"key": MASK}, {"key": MASK}]}, {"of": [{"key": 1}]}, "of.key", {"of": [{"key": 1}, {"key": MASK}]}),
    ],
)
def test_takes_a_mask_for_what_is_stored(sent, stored, path, kept):
    assert unmasked(sent, stored, [tuple(path.split("."))]) == kept
