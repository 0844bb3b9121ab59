from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "deployments"

    def ready(self) -> None:
        from deployments import subscribers
        from deployments.pages import badges
        from deployments.pages.why import why_panel
        from deployments.services.job_variables import check_changed_variables_of_run
        from runs.pages.panels import register_panel
        from runs.services.variable_checks import register_variable_check

        subscribers.register()
        badges.register()
        register_variable_check(check_changed_variables_of_run)
        register_panel(why_panel)
