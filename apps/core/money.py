"""Money: integer minor units with a currency. No floats, no conversion."""

from __future__ import annotations

from dataclasses import dataclass

# ISO 4217 exponents that differ from 2, for the currencies Stripe charges in
# (docs.stripe.com/currencies, zero-decimal and three-decimal lists).
_NO_DECIMALS = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
)
_EXPONENTS = {
    **dict.fromkeys((*_NO_DECIMALS, "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}


def minor_digits(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY."""
    return _EXPONENTS.get(currency.upper(), 2)


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` is in the currency's smallest unit (cents for USD, yen for JPY)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units must be an int, not {self.minor!r}")
        if len(self.currency) != 3 or not self.currency.isalpha():
            raise ValueError(f"{self.currency!r} is not an ISO 4217 code")
        object.__setattr__(self, "currency", self.currency.upper())

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def percent(self, percent: int) -> Money:
        """``percent`` of the amount, rounded half away from zero to the minor unit."""
        product = self.minor * percent
        sign = -1 if product < 0 else 1
        return Money(sign * ((abs(product) + 50) // 100), self.currency)

    def __str__(self) -> str:
        digits = minor_digits(self.currency)
        sign, units = ("-" if self.minor < 0 else ""), abs(self.minor)
        if digits == 0:
            return f"{sign}{units:,} {self.currency}"
        whole, part = divmod(units, 10**digits)
        return f"{sign}{whole:,}.{part:0{digits}d} {self.currency}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be combined")
        return other.minor
