"""Tips by mail for customers who are losing touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.growth.actions.interventions import Given, record_mails
from apps.growth.conf import growth_rules
from apps.growth.policy import interventions as rules
from apps.growth.policy.interventions import AtRisk
from apps.growth.queries.candidates import weak
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, Limits, Queue
from workers.ports import Effects, receipt


class SendEngagementMail(Automation[AtRisk]):
    """Queues a mail with the tip that fits, for a health score of 40 to 60.

    Reads: the newest scores, consent, the interventions so far.
    Changes: opens an intervention and queues one marketing mail, at most every 30 days a customer.
    To stop: switch it off; no such mail is queued. What is queued already is messaging's.
    """

    name = "growth.send_engagement_mail"
    queue = Queue.GROWTH
    in_doubt = InDoubt.REPEAT
    repeat_within = None  # local rows only
    receipts_at_once = 100
    limits = Limits(per_day=5_000)
    change_type = "engagement_mail"

    def find(self, ctx: FindContext) -> Iterable[AtRisk]:
        return weak(ctx.window)

    def decide(self, facts: AtRisk, *, now: datetime) -> Decision:
        return rules.mail(facts, now=now, rules=growth_rules())

    def key(self, facts: AtRisk) -> str:
        return f"growth:mail:{facts.customer_id}:{facts.mails + 1}"

    def act(
        self, effects: Effects, facts: AtRisk, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(template="engagement_tips", to=facts.email)

    def look_up(self, effects: Effects, facts: AtRisk, *, key: str) -> JsonObject | None:
        return None  # local: what was not committed was not done

    def record(self, done: Sequence[Done[AtRisk]], *, now: datetime) -> None:
        record_mails([Given(one.key, one.facts) for one in done], now)
