from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "apps.billing"
    verbose_name = "Billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.billing.home import troubles  # noqa: PLC0415 - models are loaded by now
        from apps.customers.timeline import register_list  # noqa: PLC0415
        from apps.runs.weekly import register_trouble  # noqa: PLC0415

        register_list("Subscriptions", "admin:billing_subscription_changelist", "customer__id__exact")
        register_list("Invoices", "admin:billing_invoice_changelist", "customer__id__exact")
        register_trouble(troubles)
