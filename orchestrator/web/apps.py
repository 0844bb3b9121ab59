from django.apps import AppConfig
from django.db.backends.signals import connection_created


class WebConfig(AppConfig):
    name = "orchestrator.web"
    label = "web"

    def ready(self) -> None:
        from orchestrator.web.postgresql import tell_new_connection

        connection_created.connect(tell_new_connection)
