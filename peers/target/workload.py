"""What the shop does all day: one slow page every few seconds, a little of everything else."""

from __future__ import annotations

import random
import threading
import time

from peers.target.schema import BEST_CUSTOMERS, Connection, customer_count, page_size

_NEW_ORDER = """
INSERT INTO shop.orders (customer_id, placed_at, status, total_cents, note)
VALUES (%s, now(), 'open', %s, 'web')
"""
_ONE_ORDER = "SELECT id, status, total_cents FROM shop.orders WHERE id = %s"
_ONE_CUSTOMER = "SELECT id, name, segment FROM shop.customers WHERE id = %s"

SEGMENTS = ("free", "indie", "studio", "enterprise")


def slow_page(connection: Connection, segment: str) -> float:
    """Shows the page once; returns how many seconds that took."""
    started = time.perf_counter()
    connection.execute(BEST_CUSTOMERS, (segment, page_size(connection))).fetchall()
    return time.perf_counter() - started


def fast_things(connection: Connection, chance: random.Random, customers: int) -> None:
    customer = chance.randint(1, customers)
    connection.execute(_ONE_CUSTOMER, (customer,)).fetchone()
    connection.execute(_ONE_ORDER, (chance.randint(1, 100_000),)).fetchone()
    connection.execute(_NEW_ORDER, (customer, chance.randint(100, 9_900)))


def live(connection: Connection, stop: threading.Event, *, every: float, say: bool = True) -> int:
    """Goes on until ``stop`` is set; returns how often the slow page was shown. ``every`` is the pause
    between two of them, in seconds."""
    chance, customers = random.Random(), customer_count(connection)
    shown = 0
    while not stop.is_set():
        seconds = slow_page(connection, SEGMENTS[shown % len(SEGMENTS)])
        shown += 1
        if say:
            print(f"best customers: {seconds * 1000:,.0f} ms", flush=True)
        pause_until = time.monotonic() + every
        while not stop.is_set() and time.monotonic() < pause_until:
            fast_things(connection, chance, customers)
            stop.wait(min(1.0, max(0.0, pause_until - time.monotonic())))
    return shown
