"""List the people who may sign in, with their roles."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from orchestrator.accounts.models import User
from orchestrator.accounts.roles import role_of
from orchestrator.contract.times import format_time

MOST = 1_000  # users in a list


class Command(BaseCommand):
    help = "List the users with their roles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="As a list for programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        told = [
            {
                "name": user.username,
                "role": role_of(user).group,
                "is_active": user.is_active,
                "last_login": format_time(user.last_login) if user.last_login else None,
            }
            for user in User.objects.order_by("username")[:MOST]
        ]
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
            return
        for one in told:
            state = "" if one["is_active"] else ", LOCKED OUT"
            self.stdout.write(f"{one['name']}  {one['role']}  (last signed in {one['last_login'] or 'never'}{state})")
