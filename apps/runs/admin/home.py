"""The Monday page: made to be done with in three minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from apps.core.clock import utc_now
from apps.runs import dashboard_queries as reads
from apps.runs import weekly
from apps.runs.admin.cards import cards
from apps.runs.health import health
from apps.runs.models import Proposal, ProposalStatus

WEEK = timedelta(days=7)


def home_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's dashboard callback: adds what the home page shows to ``context``."""
    now = utc_now()
    stopped = reads.stop_entry()
    standing = reads.standing(now, stopped is not None)
    waiting = reads.bounded_count(reads.pending())
    return {
        **context,
        "title": "Home",
        "now": now,
        "standing": standing,
        "health": health(standing, now),
        "cards": cards(list(reads.pending()[: reads.INBOX])),
        "waiting": waiting,
        "waiting_more": waiting > reads.COUNTED,
        "may_review": request.user.has_perm("runs.change_proposal"),
        "may_settle": request.user.has_perm("runs.change_effect"),
        "may_resolve": request.user.has_perm("runs.change_alert"),
        "summary": weekly.summary(now - WEEK, now),
        "changes": reads.changes(now - WEEK),
        "recent": reads.recent_changes(),
        "alerts": reads.open_alerts(),
        "failures": reads.failures(now - WEEK),
        "effects": reads.troubled_effects(),
        "troubles": weekly.troubles(now - WEEK, now),
        "failed_proposals": Proposal.objects.filter(status=ProposalStatus.FAILED).order_by("-created_at")[:5],
    }
