"""What one CSV import did: shown after the upload, in the admin and by the command."""

from django.db import models
from django.db.models.functions import Now


class ImportReport(models.Model):
    """Counts of one import, and the lines it refused with their numbers and reasons."""

    file_name = models.CharField(max_length=255)
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    dry_run = models.BooleanField(default=False)
    lines = models.PositiveIntegerField(default=0, help_text="Data lines read, without the header")
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refused_lines = models.JSONField(default=list, help_text='[{"line": …, "reason": …}], the first 1,000')
    mapping = models.JSONField(default=dict, help_text="column → field")
    requested_by = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "customers_import_report"
        verbose_name = "import"
        indexes = [models.Index(fields=["-started_at"], name="import_newest")]

    def __str__(self) -> str:
        return f"{self.file_name}, {self.started_at:%Y-%m-%d %H:%M}"
