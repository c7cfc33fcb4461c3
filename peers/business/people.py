"""Eighty invented customers and how they behave. The same seed gives the same people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST = [
    "Ada", "Ben", "Cleo", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Liam",
    "Mara", "Nils", "Oona", "Pavel", "Rosa", "Sven", "Tiina", "Uma",
]  # fmt: skip
LAST = [
    "Arden", "Berg", "Castell", "Dorn", "Ekholm", "Farrow", "Grau", "Holm", "Iversen", "Jansen",
    "Kask", "Lind", "Moreau", "Nagy", "Orsini", "Petrov",
]  # fmt: skip
TRADES = [
    "Apps", "Arcade", "Cloud", "Data", "Games", "Labs", "Media", "Mobile", "Pixel", "Studio",
    "Systems", "Tools", "Works",
]  # fmt: skip
COUNTRIES = ["US", "DE", "GB", "EE", "FR", "ES", "BR", "CA"]
PRICES = {"indie": 9_900, "studio": 49_900}  # minor units a month, USD
# What a customer of each plan shows in a day when all is well.
IMPRESSIONS = {"indie": 22_000, "studio": 180_000}


@dataclass(frozen=True, slots=True)
class Person:
    """``mood`` is how usage develops; ``card`` is the script of the next charges (empty: they succeed)."""

    number: int
    name: str
    company: str
    plan: str
    country: str
    months: int
    mood: str  # steady, growing, fading, gone, new
    card: tuple[str, ...] = ()

    @property
    def external_id(self) -> str:
        return f"cust-{self.number:03d}"

    @property
    def email(self) -> str:
        host = self.company.lower().replace(" ", "-")
        return f"{self.name.split()[0].lower()}@{host}.example"


# The cards that fail at the last renewal, by the customer's number.
CARDS: dict[int, tuple[str, ...]] = {
    3: ("insufficient_funds", "success"),
    8: ("do_not_honor", "success"),
    15: ("insufficient_funds", "insufficient_funds", "success"),
    21: ("expired_card",),
    27: ("processing_error", "success"),
    34: ("authentication_required",),
    40: ("lost_card",),
}


def everybody(seed: int = 7) -> list[Person]:
    draw = random.Random(seed)
    people = []
    for number in range(1, 81):
        mood = draw.choices(["steady", "growing", "fading", "gone", "new"], [48, 14, 20, 12, 6])[0]
        name = f"{draw.choice(FIRST)} {draw.choice(LAST)}"
        company = f"{name.split()[1]} {draw.choice(TRADES)}"
        people.append(
            Person(
                number=number,
                name=name,
                company=company,
                plan="studio" if draw.random() < 0.3 else "indie",
                country=draw.choice(COUNTRIES),
                months=1 if mood == "new" else draw.randint(3, 20),
                mood="steady" if number in CARDS else mood,
                card=CARDS.get(number, ()),
            )
        )
    return people


def level(mood: str, days_ago: int) -> float:
    """Share of the usual activity, ``days_ago`` days before today."""
    if mood == "gone":
        return 0.0 if days_ago < 24 else 1.0
    if mood == "fading":
        return max(0.25, min(1.0, days_ago / 40))
    if mood == "growing":
        return 1.5 - days_ago / 90
    if mood == "new":
        return 0.3 if days_ago < 5 else 0.0
    return 1.0


def day_of_usage(person: Person, now: datetime, days_ago: int, seed: int = 7) -> Iterator[dict[str, object]]:
    """One customer's events of one day, as the API takes them. Their ids make a resend harmless."""
    draw = random.Random(f"{seed}:{person.number}:{days_ago}")
    share = level(person.mood, days_ago)
    at = (now - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = min(at + timedelta(hours=8, minutes=draw.randint(0, 600)), now)
    weekend = 0.5 if moment.weekday() >= 5 else 1.0

    def event(kind: str, quantity: int, **more: str) -> dict[str, object]:
        return {
            "customer": person.external_id,
            "kind": kind,
            "quantity": quantity,
            "occurred_at": moment.isoformat(),
            "id": f"demo-{person.external_id}-{moment:%Y%m%d}-{kind}{more.get('feature', '')}",
            **more,
        }

    if share <= 0.0:
        return
    impressions = int(IMPRESSIONS[person.plan] * share * weekend * draw.uniform(0.8, 1.2))
    if impressions:
        yield event("impression", impressions)
        yield event("api_call", max(1, impressions // 40))
    if draw.random() < 0.03 * share:
        yield event("api_error", draw.randint(1, 20))
    if draw.random() < 0.6 * share * weekend:
        yield event("login", 1)
        yield event("dashboard_view", draw.randint(1, 8))
    if draw.random() < 0.35 * share:
        yield event("feature_use", 1, feature=draw.choice(["reports", "exports", "segments", "webhooks"]))
