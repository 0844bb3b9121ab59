from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class StoreConfig(AppConfig):
    name = "orchestrator.store"
    label = "store"

    def ready(self) -> None:
        post_migrate.connect(_install_system_blocks, sender=self)


def _install_system_blocks(apps: Any = installed, **_: Any) -> None:
    """After every `migrate`, so that a new version brings its blocks. `apps` is what the database has tables for.

    `flush` tells of itself as a migration too, and names no apps then.
    """
    from orchestrator.store.services.system_blocks import install_system_blocks

    if "blockschema" in apps.all_models["store"]:
        install_system_blocks()
