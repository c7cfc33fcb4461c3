"""The app that wires the others: it has the commands, and the doorbell that the apps ring."""

from django.apps import AppConfig

from apps.runs.wake import use_announcer


class ApexConfig(AppConfig):
    name = "apex"
    verbose_name = "Apex"

    def ready(self) -> None:
        from apex.announcing import Doorbell  # noqa: PLC0415 - needs the models, which are ready only now

        use_announcer(Doorbell())
