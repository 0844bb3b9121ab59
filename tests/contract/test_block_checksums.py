"""The checksum of a schema. That it is the clients' own is seen in tests/clients/test_prefect3_blocks.py."""

from __future__ import annotations

from orchestrator.contract.block_checksums import checksum_of, plain_definitions

FIELDS = {"title": "Login", "type": "object", "properties": {"user": {"type": "string"}}, "block_type_slug": "login"}


def test_is_what_clients_compute():
    assert checksum_of(FIELDS) == "sha256:604d73bb73525116c964731c8fc5ef2bb5a5650a27ff4ff644013e54f00138c1"


def test_does_not_count_secret_paths_at_any_depth():
    assert checksum_of({**FIELDS, "secret_fields": ["user"]}) == checksum_of(FIELDS)
    inner = {"Inner": {"secret_fields": ["x"], "properties": {}}}
    bare = {"Inner": {"properties": {}}}
    used = {"properties": {"inner": {"$ref": "#/definitions/Inner"}}}
    assert checksum_of({**used, "definitions": inner}) == checksum_of({**used, "definitions": bare})


def test_does_not_count_definitions_of_blocks_or_unused_ones():
    definitions = {"Block": {"block_type_slug": "block"}, "Unused": {"type": "string"}}
    fields = {**FIELDS, "properties": {"held": {"$ref": "#/definitions/Block"}}}

    assert checksum_of({**fields, "definitions": definitions}) == checksum_of(fields)


def test_counts_what_a_used_definition_uses():
    definitions = {
        "A": {"properties": {"b": {"$ref": "#/definitions/B"}, "again": {"$ref": "#/definitions/A"}}},
        "B": {"type": "string"},
        "C": {"type": "string"},
    }

    assert set(plain_definitions({"anyOf": [{"$ref": "#/definitions/A"}]}, definitions)) == {"A", "B"}
