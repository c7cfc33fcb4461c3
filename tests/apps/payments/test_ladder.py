"""The ladder of DUN-2 and DUN-3, with its edges: the day before, the day, late, twice, none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.payments.policy.declines import FailureClass
from apps.payments.policy.ladder import (
    PATIENT,
    STANDARD,
    Final,
    Ladder,
    Position,
    StepKind,
    dunning_moment,
    next_step,
)

FAILED = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)  # a Monday, half an hour before the tick
START = Position(FailureClass.SOFT, FAILED, None, False, 0, None, None, 100, True)


def march(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def after(failed: int, *at: datetime, percent: int = 100) -> Position:
    last = at[-1]
    return replace(
        START, failed_retries=failed, last_charge_at=last, last_retry_at=last, access_percent=percent
    )


def planned(position: Position, ladder: Ladder = STANDARD) -> tuple[StepKind, datetime]:
    step = next_step(position, ladder)
    assert step is not None
    return step.kind, step.due_at


def test_standard_retries_on_day_1_3_and_7_and_downgrades_on_day_10() -> None:
    assert planned(START) == (StepKind.CHARGE, march(3))
    assert planned(after(1, march(3))) == (StepKind.CHARGE, march(5))
    assert planned(after(2, march(5))) == (StepKind.CHARGE, march(9))
    assert planned(after(3, march(9))) == (StepKind.DOWNGRADE, march(12))


def test_patient_limits_after_each_failed_retry_and_suspends_after_day_17() -> None:
    assert planned(START, PATIENT) == (StepKind.CHARGE, march(3))
    assert planned(after(1, march(3)), PATIENT) == (StepKind.CHARGE, march(5))
    assert planned(after(2, march(5)), PATIENT) == (StepKind.LIMIT, march(5))
    assert planned(after(2, march(5), percent=50), PATIENT) == (StepKind.CHARGE, march(9))
    assert planned(after(3, march(9), percent=50), PATIENT) == (StepKind.LIMIT, march(9))
    assert planned(after(3, march(9), percent=25), PATIENT) == (StepKind.CHARGE, march(16))
    assert planned(after(4, march(16), percent=25), PATIENT) == (StepKind.LIMIT, march(16))
    assert planned(after(4, march(16), percent=10), PATIENT) == (StepKind.SUSPEND, march(19))


def test_nothing_follows_a_suspension() -> None:
    assert next_step(after(4, march(16), percent=0), PATIENT) is None


@pytest.mark.parametrize(
    ("failed_at", "first_retry"),
    [
        (march(2, 8, 59), march(3)),
        (march(2, 9, 0), march(3)),  # exactly a day
        (march(2, 9, 1), march(4)),  # on the 3rd at 09:00 the first day is not over
        (march(2, 23, 59), march(4)),
        (march(3, 0, 0), march(4)),
    ],
)
def test_a_day_is_24_hours_and_never_shorter(failed_at: datetime, first_retry: datetime) -> None:
    assert planned(replace(START, first_failed_at=failed_at)) == (StepKind.CHARGE, first_retry)


def test_a_retry_made_late_does_not_bring_the_downgrade_closer() -> None:
    late = after(3, march(20, 14))  # held up by a stop for eleven days
    assert planned(late) == (StepKind.DOWNGRADE, march(23))


def test_retries_held_up_are_made_a_day_apart() -> None:
    assert planned(after(1, march(20, 9, 0))) == (StepKind.CHARGE, march(21))
    assert planned(after(1, march(20, 14, 0))) == (StepKind.CHARGE, march(21))


def test_a_minutes_delay_of_a_tick_moves_nothing() -> None:
    assert planned(after(3, march(9, 9, 4))) == (StepKind.DOWNGRADE, march(12))


def test_a_customers_own_attempt_uses_up_no_rung() -> None:
    own = replace(START, last_charge_at=march(4, 15))
    assert planned(own) == (StepKind.CHARGE, march(5))


@pytest.mark.parametrize("failure", [FailureClass.NEW_CARD, FailureClass.NEVER, FailureClass.AUTHENTICATE])
@pytest.mark.parametrize("ladder", [STANDARD, PATIENT])
def test_a_hard_decline_asks_at_once_and_then_gives_7_days(failure: FailureClass, ladder: Ladder) -> None:
    hard = replace(START, failure=failure, hard_since=FAILED)
    assert planned(hard, ladder) == (StepKind.ASK, FAILED)
    assert planned(replace(hard, asked=True), ladder) == (StepKind.DOWNGRADE, march(9))


def test_the_grace_counts_from_the_hard_decline_not_from_the_first_failure() -> None:
    turned = replace(after(3, march(9)), failure=FailureClass.NEW_CARD, hard_since=march(9, 9, 1), asked=True)
    assert planned(turned) == (StepKind.DOWNGRADE, march(17))


def test_without_a_subscription_the_last_step_writes_off() -> None:
    assert planned(replace(after(3, march(9)), subscribed=False)) == (StepKind.WRITE_OFF, march(12))


@pytest.mark.parametrize(
    ("days", "percents", "final_day", "grace"),
    [
        ((), (), 10, 7),
        ((0, 3), (100, 100), 10, 7),
        ((3, 3), (100, 100), 10, 7),
        ((1, 3), (100,), 10, 7),
        ((1, 3), (50, 60), 10, 7),
        ((1, 3), (100, 0), 10, 7),
        ((1, 3), (100, 100), 3, 7),
        ((1, 3), (100, 100), 10, 0),
    ],
)
def test_numbers_that_make_no_ladder_are_refused(
    days: tuple[int, ...], percents: tuple[int, ...], final_day: int, grace: int
) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Ladder("odd", days, percents, Final.DOWNGRADE, final_day, grace)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments)
def test_the_tick_is_at_nine_never_early_and_within_a_day(moment: datetime) -> None:
    tick = dunning_moment(moment)
    assert (tick.hour, tick.minute, tick.second, tick.microsecond) == (9, 0, 0, 0)
    assert timedelta(0) <= tick - moment < timedelta(days=1)


@given(moments, st.sampled_from([STANDARD, PATIENT]), st.lists(st.integers(0, 72), min_size=8, max_size=8))
def test_played_through_access_is_never_cut_before_its_day(
    failed_at: datetime, ladder: Ladder, delays: list[int]
) -> None:
    """Whatever the delays (hours): every rung once and not before its day, the cut on its day or later."""
    position, charges, now = replace(START, first_failed_at=failed_at), list[datetime](), failed_at
    for delay in [*delays, *delays]:
        step = next_step(position, ladder)
        if step is None or step.kind in (StepKind.DOWNGRADE, StepKind.WRITE_OFF):
            break
        now = max(now, step.due_at) + timedelta(hours=delay)
        if step.kind is StepKind.CHARGE:
            charges.append(now)
            position = replace(position, failed_retries=len(charges), last_charge_at=now, last_retry_at=now)
        else:
            position = replace(position, access_percent=step.percent)
    assert len(charges) == len(ladder.retry_days)
    for day, at in zip(ladder.retry_days, charges, strict=True):
        assert at - failed_at >= timedelta(days=day)
    if ladder.final is Final.SUSPEND:
        assert position.access_percent == 0
        assert now - failed_at >= timedelta(days=ladder.final_day)
    else:
        step = next_step(position, ladder)
        assert step is not None
        assert step.due_at - failed_at >= timedelta(days=ladder.final_day)
