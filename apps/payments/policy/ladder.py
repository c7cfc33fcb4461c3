"""The ladder: one plan for both the retries and the access (DUN-2, DUN-3), so that they cannot drift apart.

The position on it is never stored. It is derived from committed state: how many dunning attempts failed, how
far access is restricted already, whether a new card was asked for.

A day is 24 hours from the first failure. What is planned for day n is done at 09:00 UTC within the n-th day,
that is at the first 09:00 at least 24 n hours after the first failure: never early, at most a day later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from apps.payments.policy.declines import FailureClass, is_hard

DUNNING_HOUR = 9  # UTC
DAY = timedelta(days=1)
GRACE_DAYS = 7  # with service, after a decline that no retry can mend (DUN-3)


class StepKind(StrEnum):
    CHARGE = "charge"
    ASK = "ask"
    LIMIT = "limit"
    SUSPEND = "suspend"
    DOWNGRADE = "downgrade"
    WRITE_OFF = "write_off"  # the last step where there is no subscription to downgrade


class Final(StrEnum):
    DOWNGRADE = "downgrade"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class Ladder:
    """``access_percents[i]`` is what is left of the API rate after the retry of ``retry_days[i]`` failed.
    Raises ValueError with a sentence for numbers that make no ladder."""

    name: str
    retry_days: tuple[int, ...]
    access_percents: tuple[int, ...]
    final: Final
    final_day: int
    grace_days: int = GRACE_DAYS

    def __post_init__(self) -> None:
        days = self.retry_days
        if not days or days[0] < 1 or any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("Retry days ascend and begin at day 1 or later.")
        if len(self.access_percents) != len(days):
            raise ValueError("There is one access percentage for each retry day.")
        steps = (100, *self.access_percents)
        if any(not 1 <= p <= 100 for p in steps) or any(b > a for a, b in pairwise(steps)):
            raise ValueError("Access percentages are 1 to 100 and do not rise.")
        if self.final_day <= days[-1]:
            raise ValueError("The last step comes after the last retry.")
        if self.grace_days < 1:
            raise ValueError("There is at least one day of grace.")


STANDARD = Ladder("standard", (1, 3, 7), (100, 100, 100), Final.DOWNGRADE, 10)
PATIENT = Ladder("patient", (1, 3, 7, 14), (100, 50, 25, 10), Final.SUSPEND, 17)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a case stands, all of it counted or read from committed rows.

    ``failed_retries`` counts failed dunning attempts only: a customer's own attempt uses up no rung.
    ``last_charge_at`` is of any attempt of ours, ``last_retry_at`` of the last dunning attempt.
    """

    failure: FailureClass
    first_failed_at: datetime
    hard_since: datetime | None
    asked: bool
    failed_retries: int
    last_charge_at: datetime | None
    last_retry_at: datetime | None
    access_percent: int
    subscribed: bool


@dataclass(frozen=True, slots=True)
class Step:
    """``day`` of the ladder; ``percent`` is what is left of access after a LIMIT or SUSPEND."""

    kind: StepKind
    day: int
    due_at: datetime
    percent: int = 100


def next_step(at: Position, ladder: Ladder) -> Step | None:
    """The next step of an open case, None when all were taken (a suspended customer stays so until paid)."""
    if at.access_percent == 0:
        return None
    if is_hard(at.failure):
        return _hard_step(at, ladder)
    done = min(at.failed_retries, len(ladder.retry_days))
    if done:
        percent = ladder.access_percents[done - 1]
        if percent < at.access_percent:
            due = at.last_retry_at or at.first_failed_at
            return Step(StepKind.LIMIT, ladder.retry_days[done - 1], due, percent)
    if done < len(ladder.retry_days):
        return Step(StepKind.CHARGE, ladder.retry_days[done], _charge_due(at, ladder.retry_days[done]))
    return _final_step(at, ladder)


def _hard_step(at: Position, ladder: Ladder) -> Step:
    since = at.hard_since or at.first_failed_at
    if not at.asked:
        return Step(StepKind.ASK, 0, since)
    kind = StepKind.DOWNGRADE if at.subscribed else StepKind.WRITE_OFF
    return Step(kind, ladder.grace_days, dunning_moment(since + ladder.grace_days * DAY))


def _charge_due(at: Position, day: int) -> datetime:
    """Retries that were held up (a stop, an outage) are made a day apart, never all at once."""
    planned = dunning_moment(at.first_failed_at + day * DAY)
    if at.last_charge_at is None:
        return planned
    return max(planned, _moment_before(at.last_charge_at) + DAY)


def _final_step(at: Position, ladder: Ladder) -> Step:
    """The days between the last retry and the last step are the customer's, however late that retry was."""
    due = dunning_moment(at.first_failed_at + ladder.final_day * DAY)
    if at.last_retry_at is not None:
        gap = ladder.final_day - ladder.retry_days[-1]
        due = max(due, _moment_before(at.last_retry_at) + gap * DAY)
    if ladder.final is Final.SUSPEND:
        return Step(StepKind.SUSPEND, ladder.final_day, due, 0)
    kind = StepKind.DOWNGRADE if at.subscribed else StepKind.WRITE_OFF
    return Step(kind, ladder.final_day, due)


def dunning_moment(earliest: datetime) -> datetime:
    """The first 09:00 UTC at or after ``earliest``."""
    moment = _moment_before(earliest)
    return moment if moment == earliest else moment + DAY


def _moment_before(moment: datetime) -> datetime:
    """The last 09:00 UTC at or before ``moment``."""
    same_day = moment.astimezone(UTC).replace(hour=DUNNING_HOUR, minute=0, second=0, microsecond=0)
    return same_day if same_day <= moment else same_day - DAY
