from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "apps.customers"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.customers import timeline_sources as sources  # noqa: PLC0415 - needs the models
        from apps.customers.queries import people  # noqa: PLC0415
        from apps.customers.timeline import register_list, register_timeline  # noqa: PLC0415
        from apps.runs.people import register_people  # noqa: PLC0415

        register_people(people)
        register_list("Evolution log", "admin:runs_evolutionentry_changelist", "customer_id")
        register_list("Effects", "admin:runs_effect_changelist", "customer_id")

        for source in (
            sources.life,
            sources.milestones,
            sources.changes,
            sources.troubles,
            sources.questions,
        ):
            register_timeline(source)
