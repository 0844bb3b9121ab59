from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "deployments"

    def ready(self) -> None:
        from deployments import subscribers
        from deployments.services.job_variables import check_changed_variables_of_run
        from runs.services.variable_checks import register_variable_check

        subscribers.register()
        register_variable_check(check_changed_variables_of_run)
