"""What is learned of a kind of change: a Beta posterior over "it turned out well" (ENG-10)."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, log1p

# One-sided 90 %: with a uniform prior 14 of 15 gives 0.78, which still waits for approval.
LOWER_BOUND_QUANTILE = 0.10
LOWER_BOUND_NEEDED = 0.8


@dataclass(frozen=True, slots=True)
class Prior:
    """Pseudo-outcomes an automation starts with. (1, 1) is uniform: nothing is believed."""

    successes: float = 1.0
    failures: float = 1.0


# A kind of change that must earn its autonomy: ten good outcomes in a row before it acts alone.
UNPROVEN = Prior(1.0, 1.0)
# Reversible and cheap; trusted from the first day and demoted by five failures in a row.
TRUSTED = Prior(40.0, 2.0)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Beta(prior + outcomes). ``successes`` and ``failures`` are counts of observed outcomes."""

    successes: int = 0
    failures: int = 0
    prior: Prior = UNPROVEN

    @property
    def alpha(self) -> float:
        return self.prior.successes + self.successes

    @property
    def beta(self) -> float:
        return self.prior.failures + self.failures

    @property
    def mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)

    def lower_bound(self, quantile: float = LOWER_BOUND_QUANTILE) -> float:
        """The ``quantile`` of the posterior, by bisection of its distribution function."""
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            if beta_cdf(middle, self.alpha, self.beta) < quantile:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def forbids(self) -> bool:
        """True when the outcomes so far do not support acting without approval."""
        return self.lower_bound() < LOWER_BOUND_NEEDED

    def sentence(self) -> str:
        seen = self.successes + self.failures
        return f"{self.successes} of {seen} turned out well, lower bound {self.lower_bound():.2f}"


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by Lentz's continued fraction
    (Numerical Recipes, 6.4); accurate to about 1e-12 for the sizes used here."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1.0 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 / _nonzero(1.0 - (a + b) * x / (a + 1.0), tiny)
    result = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _nonzero(1.0 + even * d, tiny)
        c = _nonzero(1.0 + even / c, tiny)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / _nonzero(1.0 + odd * d, tiny)
        c = _nonzero(1.0 + odd / c, tiny)
        step = d * c
        result *= step
        if abs(step - 1.0) < 1e-13:
            break
    return result


def _nonzero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
