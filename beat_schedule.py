"""When everything happens: one row an automation, cron in five fields, UTC. Nothing is scheduled elsewhere.

Celery Beat only ticks; which of these slots are due is decided in PostgreSQL, once each.
"""

from workers.billing.process_events import ProcessEvents
from workers.customers.roll_partitions import RollPartitions
from workers.growth.close_interventions import CloseInterventions
from workers.growth.keep_holdout import KeepHoldout
from workers.growth.offer_discount import OfferDiscount
from workers.growth.score_health import ScoreHealth
from workers.growth.send_engagement_mail import SendEngagementMail
from workers.kernel.schedule import Row
from workers.messaging.deliver_outbox import DeliverOutbox
from workers.messaging.hold_back import HoldBack
from workers.payments.ask_for_card import AskForCard
from workers.payments.close_cases import CloseCases
from workers.payments.downgrade import Downgrade
from workers.payments.open_cases import OpenCases
from workers.payments.restrict_service import RestrictService
from workers.payments.retry_charge import RetryCharge
from workers.platform.create_index import CreateIndex
from workers.platform.watch_queries import WatchQueries
from workers.runs.prune_history import PruneHistory

SCHEDULE = (
    # every few minutes: what is due by now
    Row(DeliverOutbox, "* * * * *"),
    Row(HoldBack, "* * * * *"),
    Row(ProcessEvents, "* * * * *"),
    Row(OpenCases, "*/5 * * * *"),
    Row(CloseCases, "*/5 * * * *"),
    Row(AskForCard, "*/5 * * * *"),
    Row(RetryCharge, "*/5 * * * *"),
    Row(RestrictService, "*/5 * * * *"),
    Row(Downgrade, "*/5 * * * *"),
    Row(WatchQueries, "*/5 * * * *"),
    Row(CreateIndex, "*/5 * * * *"),
    # daily
    Row(RollPartitions, "10 0 * * *"),
    Row(PruneHistory, "40 3 * * *"),
    Row(ScoreHealth, "0 19 * * *"),
    # after the scores, which wake them; the row catches up what a lost wake-up left
    Row(KeepHoldout, "20 19 * * *"),
    Row(OfferDiscount, "20 19 * * *"),
    Row(SendEngagementMail, "20 19 * * *"),
    Row(CloseInterventions, "40 19 * * *"),
)
