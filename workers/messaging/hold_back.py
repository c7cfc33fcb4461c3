"""Takes out of the queue what must not be sent, and says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from apps.core.types import Window
from apps.messaging.actions import mark_not_sent
from apps.messaging.policy import may_send
from apps.messaging.queries import due_messages
from apps.runs.actions import raise_alert
from workers.kernel.automation import Computation, ComputeContext, Queue

PAGE = 2000


class HoldBack(Computation):
    """Stores the reason of every message that is due and must not be sent.

    Reads: due messages, with consent and suppression as they are now; the rule is the one that sending uses.
    Changes: the message becomes suppressed (not wanted) or blocked (template or context incomplete, with an
    alert). A blocked message can be queued again from its page once the cause is put right.
    To stop: switch it off; such messages are still not sent, they only wait without a stored reason.
    """

    name = "messaging.hold_back"
    queue = Queue.MAIL
    timeout = timedelta(minutes=5)

    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        counts: Counter[str] = Counter(seen=0, suppressed=0, blocked=0)
        after = 0
        while page := due_messages(Window(after=after, limit=PAGE), now=ctx.now):
            after = page[-1].subject_id
            counts["seen"] += len(page)
            rows, blocked = [], {}
            for facts in page:
                decision = may_send(facts, now=ctx.now)
                if status := decision.params.get("status"):
                    rows.append((facts.subject_id, str(status), decision.reason))
                    counts[str(status)] += 1
                    if status == "blocked":
                        blocked[facts.template] = (facts.subject_id, decision.reason)
            mark_not_sent(rows, now=ctx.now)
            self._tell(blocked, ctx.now)
        return counts

    @staticmethod
    def _tell(blocked: Mapping[str, tuple[int, str]], now: datetime) -> None:
        for template, (ident, reason) in blocked.items():
            raise_alert(
                "mail_blocked",
                f"mail_blocked:{template}",
                f"E-mail {template} cannot be sent",
                f"message {ident}: {reason}. Nothing was sent; queue it again when the cause is put right.",
                "high",
                now,
            )
