from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "orchestrator.dashboard"
    label = "dashboard"

    def ready(self) -> None:
        from orchestrator.dashboard import badges, pins

        badges.register()
        pins.register()
