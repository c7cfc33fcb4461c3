"""The two ladders of DUN-2, whose numbers are the operator's to change afterwards."""

from typing import Any

from django.db import migrations

LADDERS = [
    ("standard", [1, 3, 7], [100, 100, 100], "downgrade", 10, 7),
    ("patient", [1, 3, 7, 14], [100, 50, 25, 10], "suspend", 17, 7),
]


def add_ladders(apps: Any, schema_editor: Any) -> None:
    ladder = apps.get_model("payments", "LadderPlan")
    for name, days, percents, final, final_day, grace in LADDERS:
        ladder.objects.get_or_create(
            name=name,
            defaults={
                "retry_days": days,
                "access_percents": percents,
                "final": final,
                "final_day": final_day,
                "grace_days": grace,
            },
        )


def remove_ladders(apps: Any, schema_editor: Any) -> None:
    apps.get_model("payments", "LadderPlan").objects.filter(name__in=[row[0] for row in LADDERS]).delete()


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunPython(add_ladders, remove_ladders)]
