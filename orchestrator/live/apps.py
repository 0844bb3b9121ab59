from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "orchestrator.live"
    label = "live"
