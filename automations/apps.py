from django.apps import AppConfig


class AutomationsConfig(AppConfig):
    name = "automations"

    def ready(self) -> None:
        from automations.deployment_triggers import triggers_of_deployment
        from deployments.pages.beside import tell_triggers_of_deployments

        tell_triggers_of_deployments(triggers_of_deployment)
