"""Make an API key and print it, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestrator.accounts.keys import create_api_key
from orchestrator.accounts.models import User
from orchestrator.contract.times import now


class Command(BaseCommand):
    help = "Make an API key and print it. It is shown this once; only its digest is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="What the key is for, such as `worker on host-3`.")
        parser.add_argument("--user", help="The user that the key stands for. Default: a program without a user.")
        parser.add_argument("--days", type=float, help="After how many days it ends. Default: never.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = None
        if options["user"]:
            user = User.objects.filter(username=options["user"]).first()
            if user is None:
                raise CommandError(f"There is no user {options['user']!r}.")
        if options["days"] is not None and options["days"] <= 0:
            raise CommandError("--days must be more than 0.")
        expires_at = now() + timedelta(days=options["days"]) if options["days"] is not None else None
        _, text = create_api_key(name=options["name"], user=user, expires_at=expires_at)
        self.stdout.write(text)
