"""Revoke an API key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestrator.accounts.keys import ApiKeyNotFound, revoke_api_keys


class Command(BaseCommand):
    help = "Revoke the API key with this identifier, or every key of this name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="Name or identifier, as in the list of keys.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = revoke_api_keys(name_or_id=options["key"])
        except ApiKeyNotFound as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} key{'' if count == 1 else 's'} revoked.")
