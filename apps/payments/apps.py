from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    verbose_name = "Payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.customers.timeline import register_list, register_timeline  # noqa: PLC0415 - models are loaded by now
        from apps.payments.home import week  # noqa: PLC0415
        from apps.payments.queries.reports import customer_timeline  # noqa: PLC0415
        from apps.runs.weekly import register_summary  # noqa: PLC0415

        register_list("Recovery cases", "admin:payments_recoverycase_changelist", "customer__id__exact")
        register_timeline(customer_timeline)
        register_summary(week)
