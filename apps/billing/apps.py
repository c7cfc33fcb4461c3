from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.billing.home import troubles  # noqa: PLC0415 - models are loaded by now
        from apps.runs.weekly import register_trouble  # noqa: PLC0415

        register_trouble(troubles)
