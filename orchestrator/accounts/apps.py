from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "orchestrator.accounts"
    label = "accounts"

    def ready(self) -> None:
        from orchestrator.accounts import rights

        rights.connect()
