"""Prints what the client computes about blocks, as JSON: of its own, and of some that nest others."""

from __future__ import annotations

import json

from prefect.blocks import notifications, system, webhook
from prefect.blocks.core import Block
from prefect.filesystems import SMB, LocalFileSystem, RemoteFileSystem
from prefect.types import SecretDict
from pydantic import BaseModel, Field, SecretStr


class Options(BaseModel):
    """No block."""

    level: int = 1
    token: SecretStr | None = None


class Login(Block):
    """Wörter außerhalb von ASCII."""

    user: str
    password: SecretStr
    more: SecretDict | None = None


class Other(Block):
    number: float = Field(0.5, description="A number")


class Server(Block):
    login: Login | Other
    options: Options = Field(default_factory=Options)
    listed: list[Options] = []


class Fleet(Block):
    server: Server
    spare: Login | None = None
    named: dict[str, int] = {}


BUILT_IN = [
    system.Secret,
    webhook.Webhook,
    LocalFileSystem,
    RemoteFileSystem,
    SMB,
    notifications.SlackWebhook,
    notifications.MicrosoftTeamsWebhook,
    notifications.PagerDutyWebHook,
    notifications.TwilioSMS,
    notifications.OpsgenieWebhook,
    notifications.MattermostWebhook,
    notifications.DiscordWebhook,
    notifications.CustomWebhookNotificationBlock,
    notifications.SendgridEmail,
]


def facts(block: type[Block]) -> dict:
    return {
        "slug": block.get_block_type_slug(),
        "fields": block.model_json_schema(),
        "checksum": block._calculate_schema_checksum(),
        "version": block.get_block_schema_version(),
        "capabilities": sorted(block.get_block_capabilities()),
    }


print(
    json.dumps(
        {
            "built_in": [facts(block) for block in BUILT_IN],
            "nested": [facts(block) for block in (Login, Other, Server, Fleet)],
        }
    )
)
