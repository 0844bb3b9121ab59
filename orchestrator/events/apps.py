from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "orchestrator.events"
    label = "events"

    def ready(self) -> None:
        from orchestrator.events.asset_recording import note_assets
        from orchestrator.events.registry import add_recorder

        add_recorder(note_assets)
