from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "apps.runs"
    verbose_name = "Autopilot"
    default_auto_field = "django.db.models.BigAutoField"
