from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "apps.messaging"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.messaging.home import troubles, week  # noqa: PLC0415 - models are loaded by now
        from apps.runs.weekly import register_summary, register_trouble  # noqa: PLC0415

        register_summary(week)
        register_trouble(troubles)
