from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "apps.customers"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.customers import timeline_sources as sources  # noqa: PLC0415 - needs the models
        from apps.customers.timeline import register_timeline  # noqa: PLC0415

        for source in (
            sources.life,
            sources.milestones,
            sources.changes,
            sources.troubles,
            sources.questions,
        ):
            register_timeline(source)
