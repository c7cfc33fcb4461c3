from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "apps.messaging"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.customers.timeline import register_list, register_timeline  # noqa: PLC0415 - models are loaded by now
        from apps.messaging.home import mails, troubles, week  # noqa: PLC0415
        from apps.runs.weekly import register_summary, register_trouble  # noqa: PLC0415

        register_list("Messages", "admin:messaging_outboxmessage_changelist", "customer_id")
        register_timeline(mails)
        register_summary(week)
        register_trouble(troubles)
