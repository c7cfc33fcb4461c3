"""Sends what is queued and due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.messaging.actions import mark_not_sent, mark_sent, suppress
from apps.messaging.building import build
from apps.messaging.policy import MARKETING, OutboxFacts, mailbox_is_gone, may_send
from apps.messaging.queries import due_messages
from workers.kernel.automation import Automation, Done, FindContext, InDoubt, NotDone, Queue, Retry
from workers.ports import Effects, Message, receipt


class DeliverOutbox(Automation[OutboxFacts]):
    """Sends every queued e-mail that is due, over SMTP.

    Reads: the outbox, with consent and suppression as they are at the moment of sending.
    Changes: the message becomes sent, failed or unknown; an address whose mailbox does not exist is
    suppressed. What must not be sent is left to ``messaging.hold_back``, which stores the reason.
    To stop: switch it off; messages wait in the outbox and leave when it is switched on again.
    """

    name = "messaging.deliver"
    queue = Queue.MAIL
    change_type = "email"
    logged = False  # the outbox row says it all, once per message
    retry = Retry(attempts=8, first=timedelta(minutes=1), factor=3.0, longest=timedelta(hours=6))
    # A worker that dies between two receipts leaves at most this many in doubt. Fewer cost a commit each,
    # more gain nothing (see benchmarks/mail.py).
    receipts_at_once = 8

    def find(self, ctx: FindContext) -> Iterable[OutboxFacts]:
        return due_messages(ctx.window, now=ctx.now)

    def decide(self, facts: OutboxFacts, *, now: datetime) -> Decision:
        return may_send(facts, now=now)

    def key(self, facts: OutboxFacts) -> str:
        return f"mail:{facts.subject_id}:{facts.generation}"

    def act(
        self, effects: Effects, facts: OutboxFacts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        built = build(facts, now=now)
        message = Message(facts.message_id, built.sender, built.to, built.subject, text="", raw=built.raw)
        handover = effects.mail.send(message, key=key)
        return receipt(message_id=handover.message_id, response=handover.response)

    def in_doubt_rule(self, facts: OutboxFacts) -> InDoubt:
        """ENG-5: transactional mail is sent again under the same Message-ID, marketing mail is not."""
        return InDoubt.LEAVE if facts.message_class == MARKETING else InDoubt.REPEAT

    def record(self, done: Sequence[Done[OutboxFacts]], *, now: datetime) -> None:
        mark_sent([(one.facts.subject_id, str(one.receipt.get("response", ""))) for one in done], now=now)

    def give_up(self, not_done: Sequence[NotDone[OutboxFacts]], *, now: datetime) -> None:
        rows = [
            (one.facts.subject_id, "unknown" if one.state == "unknown" else "failed", one.error)
            for one in not_done
        ]
        mark_not_sent(rows, now=now)
        gone = {one.facts.to: one.error for one in not_done if mailbox_is_gone(one.error)}
        suppress(gone, "bounced", "all", now=now)
