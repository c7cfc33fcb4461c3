"""The plans as sold (BIL-2). Prices in minor units a month; Enterprise is agreed one by one."""

from typing import Any

from django.db import migrations

PLANS = [
    ("free", "Free", 0, None),
    ("indie", "Indie", 9900, 1_000_000),
    ("studio", "Studio", 49900, 10_000_000),
    ("enterprise", "Enterprise", None, None),
]


def add_plans(apps: Any, schema_editor: Any) -> None:
    plan = apps.get_model("billing", "Plan")
    for code, name, monthly, included in PLANS:
        plan.objects.get_or_create(
            code=code, defaults={"name": name, "monthly_minor": monthly, "included_impressions": included}
        )


def remove_plans(apps: Any, schema_editor: Any) -> None:
    apps.get_model("billing", "Plan").objects.filter(code__in=[row[0] for row in PLANS]).delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(add_plans, remove_plans)]
