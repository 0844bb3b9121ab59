"""Shell operations that are saved and loaded, against the real server code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestrator import Block, BlockError, ShellOperation, ShellOptionError
from orchestrator.sdk.api.client import Client, use_client
from tests.in_process import quiet_client


@pytest.fixture
def server(db: None) -> Iterator[Client]:
    with use_client(quiet_client()) as used:
        assert used is not None
        yield used


def test_executes_what_was_saved(server, tmp_path):
    ShellOperation(
        commands=["pwd", "echo $WORD"], env={"WORD": 7}, working_dir=tmp_path, stream_output=False, return_all=True
    ).save("nightly")

    loaded = ShellOperation.load("nightly")

    assert loaded.run() == [str(tmp_path), "7"]
    assert (loaded.working_dir, loaded.stream_output) == (Path(tmp_path), False)


def test_is_found_by_its_type(server):
    ShellOperation("echo one").save("nightly")

    loaded = Block.load("shell-operation/nightly")

    assert isinstance(loaded, ShellOperation)
    with loaded as operation:
        process = operation.trigger()
        process.wait_for_completion()
        assert process.fetch_result() == ["one"]


def test_can_be_deleted(server):
    ShellOperation("echo one").save("nightly")

    ShellOperation.delete("nightly")

    with pytest.raises(BlockError, match="no block"):
        ShellOperation.load("nightly")


def test_keeps_no_secret_in_the_open(server):
    operation = ShellOperation("echo $TOKEN", env={"TOKEN": SecretStr("t0p")})

    with pytest.raises(BlockError, match="env has secrets: TOKEN"):
        operation.save("nightly")
    assert "t0p" not in repr(operation) + str(operation)
    assert operation.run() == ["t0p"]


def test_can_be_a_part_of_another_block(server):
    class Cleaning(Block):
        _block_type_slug = "test-cleaning"
        operation: ShellOperation

    ShellOperation("echo saved").save("inner")
    Cleaning(operation=ShellOperation.load("inner")).save("referring")
    Cleaning(operation=ShellOperation("echo inside")).save("holding")

    assert Cleaning.load("referring").operation.run() == ["saved"]
    assert Cleaning.load("holding").operation.run() == ["inside"]


def test_says_which_option_there_is_not():
    with pytest.raises(ShellOptionError, match="no 'cwd'"):
        ShellOperation("echo one", cwd="/")
