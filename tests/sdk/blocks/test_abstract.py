from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from orchestrator import (
    BlockError,
    CredentialsBlock,
    DatabaseBlock,
    JobBlock,
    JobRun,
    ObjectStorageBlock,
    SecretBlock,
    flow,
)
from orchestrator.sdk.api.client import use_client

BASES = [CredentialsBlock, DatabaseBlock, JobBlock, ObjectStorageBlock, SecretBlock]


class Login(CredentialsBlock):
    token: SecretStr

    def get_client(self):
        return f"client of {self.token.get_secret_value()}"


class Started(JobRun[int]):
    async def wait_for_completion(self):
        self.logger.info("ended")

    async def fetch_result(self):
        return 7


class Cleaning(JobBlock[int]):
    login: Login

    async def trigger(self):
        self.logger.info("starts with %s", self.login.get_client())
        return Started()


class Numbers(DatabaseBlock):
    def fetch_one(self, operation, parameters=None, **options):
        return (operation, parameters)

    fetch_many = fetch_all = execute = execute_many = fetch_one


def test_is_used_in_flows_as_its_author_wrote_it():
    @flow
    async def clean():
        run = await Cleaning(login=Login(token="t")).trigger()
        await run.wait_for_completion()
        return await run.fetch_result()

    with use_client(None):
        assert asyncio.run(clean()) == 7


@pytest.mark.parametrize("base", BASES, ids=lambda each: each.__name__)
def test_is_no_block_by_itself(base):
    with pytest.raises(TypeError, match="abstract"):
        base()
    with pytest.raises(BlockError, match="base of blocks"):
        base._register(None)


def test_says_that_it_cannot_be_entered():
    assert Numbers().fetch_one("select 1") == ("select 1", None)

    with pytest.raises(TypeError, match="no __enter__"), Numbers():
        pass

    async def enter():
        async with Numbers():
            pass

    with pytest.raises(TypeError, match="no __aenter__"):
        asyncio.run(enter())
