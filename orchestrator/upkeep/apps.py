from django.apps import AppConfig


class UpkeepConfig(AppConfig):
    name = "orchestrator.upkeep"
    label = "upkeep"
