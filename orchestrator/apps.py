from django.apps import AppConfig


class OrchestratorConfig(AppConfig):
    """The project itself: templates, static files and the start-up of what spans several apps."""

    name = "orchestrator"
    label = "orchestrator"

    def ready(self) -> None:
        # Makes the project's Celery app the current one, which the services send wake-ups through.
        from orchestrator import celery  # noqa: F401
