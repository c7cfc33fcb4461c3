from django.apps import AppConfig


class ApexConfig(AppConfig):
    name = "apex"
    verbose_name = "Apex"
