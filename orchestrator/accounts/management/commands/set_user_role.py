"""Give somebody another role."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestrator.accounts.roles import Role
from orchestrator.accounts.users import UserNotFound, set_role


class Command(BaseCommand):
    help = "Give a user a role, in place of the one before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("role", choices=[role.group for role in Role])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            set_role(name=options["name"], role=Role[options["role"].upper()])
        except UserNotFound as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{options['name']} has the role {options['role']} now.")
