from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PeriodicConfig(AppConfig):
    name = "orchestrator.periodic"
    label = "periodic"

    def ready(self) -> None:
        post_migrate.connect(_write_rows, sender=self)


def _write_rows(*, using: str, apps: Any = None, **_: Any) -> None:
    """`apps` are the models as they are after the migration; none are given when a database is emptied."""
    from orchestrator.periodic.rows import write_rows

    if apps is not None:
        try:
            apps.get_model("django_celery_beat", "PeriodicTask")
            apps.get_model("periodic", "ServiceRecord")
        except LookupError:
            return  # a migration to an earlier time
    if using == "default":
        write_rows()
