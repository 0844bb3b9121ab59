"""Notifications to the services that people use, through apprise. Fields and types are those of Prefect's clients."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

import pydantic
from pydantic import Field, SecretStr

from orchestrator.sdk.blocks.notifying import AbstractAppriseNotificationBlock, AppriseNotificationBlock, plugin

_GOVERNMENT_SLACK = re.compile(
    r"https?://(?P<host>hooks\.slack-gov\.com)/services/(?P<a>[A-Z0-9]+)/(?P<b>[A-Z0-9]+)/(?P<c>[A-Z0-9]+)/?", re.I
)


class SlackWebhook(AppriseNotificationBlock):
    """An incoming webhook of Slack, or any other address that apprise knows."""

    _block_type_name: ClassVar[str | None] = "Slack Webhook"
    _published_checksum: ClassVar[str | None] = (
        "sha256:415bae7e5906d98e387f8848ccdfd3f3b9cdf01624f08ca228709e1193ac005f"
    )

    url: SecretStr = Field(title="Webhook URL", examples=["https://hooks.slack.com/XXX"])

    def _service(self) -> Any:
        url = self.url.get_secret_value()
        found = _GOVERNMENT_SLACK.fullmatch(url)
        if found is None:
            return url
        made = plugin("slack", "NotifySlack")(token_a=found["a"], token_b=found["b"], token_c=found["c"])
        made.webhook_url = f"https://{found['host']}/services"  # apprise knows the other host only
        return made


class MicrosoftTeamsWebhook(AppriseNotificationBlock):
    """A workflow of Power Automate that posts to Teams."""

    _block_type_slug: ClassVar[str | None] = "ms-teams-webhook"
    _block_type_name: ClassVar[str | None] = "Microsoft Teams Webhook"
    _published_checksum: ClassVar[str | None] = (
        "sha256:213ff858fcad8ecddb90a120636c5461fc8ad6fb2877188c9e79f07e6c390c7c"
    )

    url: SecretStr = Field(title="Webhook URL")
    include_image: bool = True
    wrap: bool = True

    def _service(self) -> Any:
        workflows = plugin("workflows", "NotifyWorkflows")
        told = workflows.parse_native_url(self.url.get_secret_value())
        if not told:
            raise ValueError("the URL is not that of a Teams workflow")
        return workflows(**{**told, "include_image": self.include_image, "wrap": self.wrap})


class PagerDutyWebHook(AbstractAppriseNotificationBlock):
    """An event of PagerDuty; `notify_type` is its severity. With a subject the body goes into the details."""

    _block_type_name: ClassVar[str | None] = "Pager Duty Webhook"
    _block_type_slug: ClassVar[str | None] = "pager-duty-webhook"
    _published_checksum: ClassVar[str | None] = (
        "sha256:78ccfd9313655493e834f59f515865f3160bd395b6003d6e664fefd1a6f49c86"
    )

    notify_type: Literal["info", "success", "warning", "failure"] = "info"
    integration_key: SecretStr
    api_key: SecretStr = Field(title="API Key")
    source: str | None = "Prefect"
    component: str = "Notification"
    group: str | None = None
    class_id: str | None = Field(None, title="Class ID")
    region_name: Literal["us", "eu"] = "us"
    clickable_url: pydantic.AnyHttpUrl | None = Field(None, title="Clickable URL")
    include_image: bool = True
    custom_details: dict[str, str] | None = None

    def _service(self) -> Any:
        return plugin("pagerduty", "NotifyPagerDuty")(
            apikey=self.api_key.get_secret_value(),
            integrationkey=self.integration_key.get_secret_value(),
            source=self.source,
            component=self.component,
            group=self.group,
            class_id=self.class_id,
            region_name=self.region_name,
            click=str(self.clickable_url) if self.clickable_url is not None else None,
            include_image=self.include_image,
            details=dict(self.custom_details or {}),
        )

    def _send(self, client: Any, body: str, subject: str | None) -> None:
        if subject:
            for service in client:
                service.details = {**(service.details or {}), "Notification Body": body}
            body = " "  # else apprise would put both into the summary
        super()._send(client, body, subject)


class TwilioSMS(AbstractAppriseNotificationBlock):
    """Text messages, by Twilio."""

    _block_type_name: ClassVar[str | None] = "Twilio SMS"
    _block_type_slug: ClassVar[str | None] = "twilio-sms"
    _published_checksum: ClassVar[str | None] = (
        "sha256:2ab73fedd20ff1c25ffcc47f5b4a7a86c70c307321af1262f9d03defba5c8cc6"
    )

    account_sid: str
    auth_token: SecretStr
    from_phone_number: str = Field(examples=["18001234567"])
    to_phone_numbers: list[str]

    def _service(self) -> Any:
        return plugin("twilio", "NotifyTwilio")(
            account_sid=self.account_sid,
            auth_token=self.auth_token.get_secret_value(),
            source=self.from_phone_number,
            targets=self.to_phone_numbers,
        )


class OpsgenieWebhook(AbstractAppriseNotificationBlock):
    """An alert of Opsgenie. `priority` goes from 1, low, to 5, an emergency."""

    _block_type_name: ClassVar[str | None] = "Opsgenie Webhook"
    _block_type_slug: ClassVar[str | None] = "opsgenie-webhook"
    _published_checksum: ClassVar[str | None] = (
        "sha256:c9d307a75b69d82460134069d071804fefde0ec2c2b9aed67c90201fee041755"
    )

    apikey: SecretStr = Field(title="API Key")
    target_user: list[str] | None = None
    target_team: list[str] | None = None
    target_schedule: list[str] | None = None
    target_escalation: list[str] | None = None
    region_name: Literal["us", "eu"] = "us"
    batch: bool = False
    tags: list[str] | None = None
    priority: int | None = 3
    alias: str | None = None
    entity: str | None = None
    details: dict[str, str] | None = None

    def _service(self) -> Any:
        groups = {
            "@": self.target_user,
            "#": self.target_team,
            "*": self.target_schedule,
            "^": self.target_escalation,
        }
        return plugin("opsgenie", "NotifyOpsgenie")(
            apikey=self.apikey.get_secret_value(),
            targets=[f"{mark}{name}" for mark, names in groups.items() for name in names or ()],
            region_name=self.region_name,
            details=self.details,
            priority=self.priority,
            alias=self.alias,
            entity=self.entity,
            batch=self.batch,
            tags=self.tags,
            action="new",
        )


class MattermostWebhook(AbstractAppriseNotificationBlock):
    """An incoming webhook of a Mattermost server."""

    _published_checksum: ClassVar[str | None] = (
        "sha256:34daad1160b59fb6d5c8fc59d09abb2cbf9c2283b7b9f6a76cbaad827002d14c"
    )
    _block_type_name: ClassVar[str | None] = "Mattermost Webhook"

    hostname: str = Field(examples=["Mattermost.example.com"])
    secure: bool = False
    token: SecretStr
    botname: str | None = Field(None, title="Bot name")
    channels: list[str] | None = None
    include_image: bool = False
    path: str | None = None
    port: int = 8065

    def _service(self) -> Any:
        return plugin("mattermost", "NotifyMattermost")(
            token=self.token.get_secret_value(),
            fullpath=self.path,
            host=self.hostname,
            user=self.botname,
            targets=self.channels,
            include_image=self.include_image,
            port=self.port,
            secure=self.secure,
        )


class DiscordWebhook(AbstractAppriseNotificationBlock):
    """A webhook of Discord; the two secrets are the last two parts of its address."""

    _published_checksum: ClassVar[str | None] = (
        "sha256:b3ea94c0ce1573b22c0e7bf2457f5f52a210327e0f7be05c74970a246304b1e2"
    )
    _block_type_name: ClassVar[str | None] = "Discord Webhook"

    webhook_id: SecretStr
    webhook_token: SecretStr
    botname: str | None = Field(None, title="Bot name")
    tts: bool = False
    include_image: bool = False
    avatar: bool = False
    avatar_url: str | None = Field(None, title="Avatar URL")

    def _service(self) -> Any:
        return plugin("discord", "NotifyDiscord")(
            webhook_id=self.webhook_id.get_secret_value(),
            webhook_token=self.webhook_token.get_secret_value(),
            user=self.botname,
            tts=self.tts,
            include_image=self.include_image,
            avatar=self.avatar,
            avatar_url=self.avatar_url,
        )


class SendgridEmail(AbstractAppriseNotificationBlock):
    """Mail, by SendGrid."""

    _block_type_name: ClassVar[str | None] = "Sendgrid Email"
    _block_type_slug: ClassVar[str | None] = "sendgrid-email"
    _published_checksum: ClassVar[str | None] = (
        "sha256:b67583d3b7ce215cd84a58ba42bb8936294cc1417ff3fe54d0fb08447932c6f2"
    )

    api_key: SecretStr = Field(title="API Key")
    sender_email: str = Field(title="Sender email id", examples=["test-support@gmail.com"])
    to_emails: list[str] = Field(title="Recipient emails")

    def _service(self) -> Any:
        return plugin("sendgrid", "NotifySendGrid")(
            apikey=self.api_key.get_secret_value(), from_email=self.sender_email, targets=self.to_emails
        )
