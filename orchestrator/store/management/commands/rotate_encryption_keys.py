"""Re-encrypt stored secrets with the first of ORCHESTRATOR_ENCRYPTION_KEYS.

1. Put a new key in front: ORCHESTRATOR_ENCRYPTION_KEYS=new,old. Restart every server process.
2. Run this command. It works in batches, and can be stopped and run again.
3. Take the old key away, and restart again.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestrator.store.services.key_rotation import reencrypt_batch


class Command(BaseCommand):
    help = "Re-encrypt stored secrets with the first of ORCHESTRATOR_ENCRYPTION_KEYS. It can be run again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        changed, troubles, last = reencrypt_batch()
        while last is not None:
            more, more_troubles, last = reencrypt_batch(after=last)
            changed, troubles = changed + more, troubles + more_troubles
        self.stdout.write(f"{changed} block document{'' if changed == 1 else 's'} re-encrypted.")
        if troubles:
            raise CommandError("\n".join(troubles))
