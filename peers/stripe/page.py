"""The page at ``/_peer/``: what the peer holds, newest first, and the plain facts of every request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from peers.stripe.objects import Object
from peers.stripe.world import World

_SHOWN = 50  # rows of each table

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
.note { color: GrayText; margin: .2rem 0 0 }
.scroll { overflow-x: auto; border: 1px solid color-mix(in srgb, CanvasText 18%, Canvas); border-radius: 8px }
table { border-collapse: collapse; width: 100% } caption { display: none }
th, td { text-align: left; padding: .35rem .75rem; white-space: nowrap }
th { font-weight: 600; font-size: .85rem; color: GrayText }
tr + tr td, thead + tbody tr td { border-top: 1px solid color-mix(in srgb, CanvasText 10%, Canvas) }
td.number { text-align: right; font-variant-numeric: tabular-nums } code { font-size: .85rem }
.good { color: #15803d } .bad { color: #b91c1c }
@media (prefers-color-scheme: dark) { .good { color: #4ade80 } .bad { color: #f87171 } }
"""
_GOOD = {"active", "paid", "success", "delivered", "trialing", "200"}
_BAD = {"past_due", "canceled", "void", "incomplete", "pending", "unpaid"}


def render(world: World) -> str:
    """The whole page; reads under the lock, writes nothing."""
    with world.lock:
        sections = [
            _table(
                "Customers",
                ("Customer", "Name", "E-mail", "Subscription", "Status", "Price"),
                _customers(world),
            ),
            _table(
                "Invoices",
                ("Invoice", "Customer", "Due", "Status", "Attempted", "Created"),
                _invoices(world),
            ),
            _table("Attempts", ("When", "Invoice", "Amount", "Outcome", "Idempotency key"), _attempts(world)),
            _table("Webhooks", ("Event", "Type", "State", "Attempts", "Last answer"), _webhooks(world)),
            _table("Requests", ("When", "Method", "Path", "Answer", "Idempotency key"), _requests(world)),
        ]
        now = _when(world.now())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Stripe peer</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>Stripe peer</h1>"
        f'<p class="note">A local stand-in for Stripe. No money moves. Its clock says {now}.</p>'
        f"{''.join(sections)}</body></html>"
    )


def _customers(world: World) -> Iterable[Sequence[str]]:
    for customer in world.store.select("customer", limit=_SHOWN):
        found = list(world.store.select("subscription", "customer=?", (customer["id"],), limit=1))
        subscription = found[0] if found else None
        item = subscription["items"]["data"][0] if subscription else None
        yield (
            _code(customer["id"]),
            escape(customer["name"] or "-"),
            escape(customer["email"] or "-"),
            _code(subscription["id"]) if subscription else "-",
            _state(subscription["status"]) if subscription else "-",
            _money(item["price"]["unit_amount"], item["price"]["currency"]) if item else "-",
        )


def _invoices(world: World) -> Iterable[Sequence[str]]:
    for invoice in world.store.select("invoice", limit=_SHOWN):
        yield (
            _code(invoice["id"]),
            escape(invoice["customer_name"] or invoice["customer"]),
            _money(invoice["amount_due"], invoice["currency"]),
            _state(invoice["status"]),
            "yes" if invoice["attempted"] else "no",
            _when(invoice["created"]),
        )


def _attempts(world: World) -> Iterable[Sequence[str]]:
    entries: list[Object] = [
        entry for entry in world.store.ledger() if entry["kind"] in ("charge", "decline")
    ]
    for entry in entries[: -_SHOWN - 1 : -1]:
        yield (
            _when(entry["at"]),
            _code(entry["invoice"]),
            _money(entry["amount"], entry["currency"]),
            _state(entry["outcome"]),
            _code(entry["key"] or "-"),
        )


def _webhooks(world: World) -> Iterable[Sequence[str]]:
    rows = world.store.db.execute(
        "SELECT d.event, json_extract(o.body, '$.type'), d.state, d.attempts, d.answer FROM deliveries d "
        "JOIN objects o ON o.id = d.event ORDER BY d.id DESC LIMIT ?",
        (_SHOWN,),
    ).fetchall()
    for event, kind, state, attempts, answer in rows:
        yield _code(event), escape(kind), _state(state), str(attempts), escape(answer or "-")


def _requests(world: World) -> Iterable[Sequence[str]]:
    rows = world.store.db.execute(
        "SELECT at, method, path, status, key FROM requests ORDER BY id DESC LIMIT ?", (_SHOWN,)
    ).fetchall()
    for at, method, path, status, key in rows:
        yield _when(at), method, _code(path), _state(status), _code(key or "-")


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return f'<h2>{title}</h2><p class="note">None yet.</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<h2>{title}</h2><div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _state(text: str) -> str:
    mood = "good" if text in _GOOD else "bad" if text in _BAD or text.startswith(("4", "5", "drop")) else ""
    shown = escape(text.replace("_", " "))
    return f'<span class="{mood}">{shown}</span>' if mood else shown


def _money(minor: int, currency: str) -> str:
    return f"{minor / 100:,.2f} {escape(currency.upper())}"


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
