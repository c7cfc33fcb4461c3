from django.apps import AppConfig
from prometheus_client import REGISTRY

from apps.runs.metrics import AutomationCollector


class RunsConfig(AppConfig):
    name = "apps.runs"
    verbose_name = "Autopilot"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        REGISTRY.register(AutomationCollector())
