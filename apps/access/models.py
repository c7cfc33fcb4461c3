"""API keys, and how often each was used in the current minute."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.access.policy import DEFAULT_RATE


class ApiKey(models.Model):
    """A key to the API. The secret itself is shown once, when it is made, and stored nowhere."""

    name = models.CharField(max_length=100, help_text="Who or what uses it")
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=60))
    rate_per_minute = models.PositiveIntegerField(default=DEFAULT_RATE, help_text="Requests a minute")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute")

    class Meta:
        db_table = "access_api_key"
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex="^[0-9a-f]{64}$"), name="api_key_digest_is_sha256"
            ),
            models.CheckConstraint(condition=Q(rate_per_minute__gte=1), name="api_key_rate_positive"),
            models.CheckConstraint(condition=~Q(scopes=[]), name="api_key_has_scopes"),
        ]
        indexes = [models.Index(fields=["-created_at"], name="api_key_newest")]

    def __str__(self) -> str:
        return f"{self.name} (apex_{self.prefix}_…)"


class KeyUse(models.Model):
    """Requests of one key in one minute. Unlogged: losing it in a crash of the database only forgives a
    minute."""

    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="use")
    minute = models.DateTimeField()
    requests = models.PositiveIntegerField()

    class Meta:
        db_table = "access_key_use"

    def __str__(self) -> str:
        return f"{self.requests} at {self.minute:%H:%M}"
