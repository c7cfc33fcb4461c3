"""From facts to what shall become of them: skipped, acted upon, or asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from apps.core.decision import Decision, Verdict
from apps.core.learning import Posterior
from apps.runs.models import Confidence
from apps.runs.policy import waits_because
from workers.kernel.automation import Automation
from workers.kernel.claims import Wanted

log = structlog.get_logger(__name__)

MAX_KEY = 200


@dataclass(slots=True)
class Sorted:
    """A page's subjects by what shall become of them. ``asks`` carry why they wait."""

    acts: list[Wanted] = field(default_factory=list)
    asks: list[tuple[Wanted, str]] = field(default_factory=list)
    skips: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str]] = field(default_factory=list)


def posterior_of(automation: Automation[Any]) -> Posterior:
    row = Confidence.objects.filter(change_type=automation.change_type).first()
    seen = (row.successes, row.failures) if row else (0, 0)
    return Posterior(*seen, prior=automation.prior)


def sort_out(automation: Automation[Any], found: Sequence[Any], *, now: datetime) -> Sorted:
    """Decides every subject; one that breaks the rule is set apart with its error, the rest go on."""
    result = Sorted()
    posterior: Posterior | None = None
    keys: set[str] = set()
    for facts in found:
        try:
            decision = automation.decide(facts, now=now)
            if decision.verdict is Verdict.SKIP:
                result.skips[decision.reason] += 1
                continue
            wanted = as_wanted(automation, facts, decision)
            if wanted.key in keys:
                result.skips["another subject of this page has the same effect"] += 1
                continue
            keys.add(wanted.key)
        except Exception as problem:
            log.exception("decide_failed", automation=automation.name, subject=facts.subject_id)
            result.broken.append((facts.subject_id, f"{type(problem).__name__}: {problem}"[:500]))
            continue
        if decision.judged and posterior is None:
            posterior = posterior_of(automation)
        why = waits_because(decision, posterior)
        if why:
            result.asks.append((wanted, why))
        else:
            result.acts.append(wanted)
    return result


def as_wanted(automation: Automation[Any], facts: Any, decision: Decision) -> Wanted:
    key = automation.key(facts)
    if not 1 <= len(key) <= MAX_KEY:
        raise ValueError(f"{automation.name}: an effect key has 1 to {MAX_KEY} characters, not {len(key)}")
    return Wanted(key, facts, decision, facts.subject_id, getattr(facts, "customer_id", None))
