from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "orchestrator.pages"
    label = "pages"
