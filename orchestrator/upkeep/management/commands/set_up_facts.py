"""What `orchestrator doctor` asks of the server's side, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from orchestrator.upkeep.set_up import set_up_facts


class Command(BaseCommand):
    help = "Tell how this server is set up, as JSON for `orchestrator doctor`."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(set_up_facts()))
