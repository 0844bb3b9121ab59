"""List the API keys, newest first. What opens the API is in no list: it was shown when the key was made."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from orchestrator.accounts.models import ApiKey
from orchestrator.contract.times import format_time, now

MOST = 1_000  # keys in a list


class Command(BaseCommand):
    help = "List the API keys that can be used, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="Also those that were revoked or have expired.")
        parser.add_argument("--json", action="store_true", help="As a list for programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        keys = ApiKey.objects.select_related("user").order_by("-created")
        if not options["all"]:
            keys = keys.usable(at)
        if options["json"]:
            self.stdout.write(json.dumps([_told(key) for key in keys[:MOST]], indent=2, ensure_ascii=False))
            return
        for key in keys[:MOST]:
            facts = [f"made {_day(key.created)}", f"last used {_day(key.last_used_at)}", f"ends {_day(key.expires_at)}"]
            facts += [f"stands for {key.user}"] if key.user else []
            facts += ["REVOKED"] if key.revoked_at else []
            facts += ["EXPIRED"] if key.expires_at and key.expires_at <= at else []
            self.stdout.write(f"{key.pk}  {key.name}  ({', '.join(facts)})")


def _told(key: ApiKey) -> dict[str, Any]:
    times = {"created": key.created, "last_used_at": key.last_used_at}
    ends = {"expires_at": key.expires_at, "revoked_at": key.revoked_at}
    return {
        "id": str(key.pk),
        "name": key.name,
        "user": str(key.user) if key.user else None,
        **{name: format_time(time) if time else None for name, time in (times | ends).items()},
    }


def _day(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d") if time else "never"
