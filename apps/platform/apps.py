from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "apps.platform"
    verbose_name = "Platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.platform.home import week  # noqa: PLC0415 - models are loaded by now
        from apps.runs.weekly import register_summary  # noqa: PLC0415

        register_summary(week)
