"""Make a user, and print the password that was made up, once."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestrator.accounts.roles import Role
from orchestrator.accounts.users import UserExists, create_user


class Command(BaseCommand):
    help = "Make somebody who may sign in on the pages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="What they sign in as.")
        parser.add_argument("--role", choices=[role.group for role in Role], default=Role.VIEWER.group)
        parser.add_argument("--password-stdin", action="store_true", help="Read the password from standard input.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else None
        if password == "":
            raise CommandError("There is no password on standard input.")
        try:
            _, made = create_user(name=options["name"], role=Role[options["role"].upper()], password=password)
        except UserExists as error:
            raise CommandError(str(error)) from None
        said = "" if password else f" Their password, shown this once: {made}"
        self.stdout.write(f"{options['name']} may sign in, as {options['role']}.{said}")
