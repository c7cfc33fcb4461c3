from django.apps import AppConfig


class GrowthConfig(AppConfig):
    name = "apps.growth"
    verbose_name = "Growth"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.customers.timeline import register_list, register_panel, register_timeline  # noqa: PLC0415
        from apps.growth import timeline_sources, weekly  # noqa: PLC0415 - need the models
        from apps.runs.weekly import register_summary, register_trouble  # noqa: PLC0415

        register_list("Interventions", "admin:growth_intervention_changelist", "customer")
        register_panel(timeline_sources.health_panel)
        register_timeline(timeline_sources.interventions)
        register_summary(weekly.weekly_summary)
        register_trouble(weekly.stale_scores)
