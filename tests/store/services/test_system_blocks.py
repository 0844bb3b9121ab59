"""The blocks that every server has from the start."""

from __future__ import annotations

import pytest

from orchestrator.store.models import BlockSchema, BlockType
from orchestrator.store.services.system_blocks import install_system_blocks, system_block_facts, words

pytestmark = pytest.mark.django_db


def test_are_there_after_migrating():
    assert set(BlockType.objects.filter(is_protected=True).values_list("slug", flat=True)) == {
        "secret",
        "webhook",
        "local-file-system",
    }
    assert {"slack-webhook", "custom-webhook", "ms-teams-webhook", "pager-duty-webhook", "remote-file-system"} <= set(
        BlockType.objects.values_list("slug", flat=True)
    )
    assert BlockSchema.objects.count() == len(system_block_facts()["block_schemas"])


def test_come_with_the_definitions_of_what_they_hold():
    bucket = BlockSchema.objects.filter(block_type__slug="s3-bucket").first()

    assert {"AwsCredentials", "MinIOCredentials", "AwsClientParameters"} <= set(bucket.fields["definitions"])
    assert bucket.fields["definitions"]["AwsCredentials"]["block_type_slug"] == "aws-credentials"


def test_are_described_in_our_own_words():
    assert set(words()["block_types"]) == {one["slug"] for one in system_block_facts()["block_types"]}


def test_are_put_back_when_missing_and_otherwise_left_alone():
    BlockType.objects.filter(slug="webhook").delete()
    BlockType.objects.filter(slug="secret").update(description="mine", is_protected=False)

    installed = [install_system_blocks(), install_system_blocks()]

    assert installed == [3, 0]  # the type, its schema, and the other's protection
    secret = BlockType.objects.get(slug="secret")
    assert (secret.description, secret.is_protected) == ("mine", True)


def test_costs_two_questions_when_nothing_is_missing(django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        install_system_blocks()
