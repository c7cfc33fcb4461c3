"""HTML of the mailbox. No script, no outside address; the message itself is shown in a sandbox."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlencode

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --muted: #6b7280; --go: #4f46e5; }
@media (prefers-color-scheme: dark) { :root { --muted: #9ca3af; --go: #a5b4fc; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1100px; padding: 0 20px 40px; }
header { display: flex; gap: 16px; align-items: center; flex-wrap: wrap; padding: 20px 0; }
h1 { font-size: 20px; margin: 0; } h1 a { color: inherit; }
h2 { font-size: 18px; margin: 8px 0; overflow-wrap: anywhere; }
a { color: var(--go); text-decoration: none; } a:hover { text-decoration: underline; }
form { flex: 1; min-width: 200px; }
input { width: 100%; font: inherit; padding: 8px 12px; border: 1px solid var(--line); border-radius: 8px;
        background: transparent; color: inherit; }
.stats { color: var(--muted); } .stats b { color: CanvasText; }
ul { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: 10px;
     overflow: hidden; }
li + li { border-top: 1px solid var(--line); }
li a { display: grid; grid-template-columns: 240px 1fr auto; gap: 16px; padding: 11px 16px; color: inherit; }
li a:hover { background: var(--soft); text-decoration: none; }
li span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.muted, time { color: var(--muted); } .empty { padding: 60px; text-align: center; color: var(--muted); }
.subject { font-weight: 600; }
iframe { width: 100%; height: 640px; border: 1px solid var(--line); border-radius: 10px; background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 10px;
      padding: 16px; }
table { border-collapse: collapse; width: 100%; } td { padding: 4px 12px 4px 0; vertical-align: top;
      overflow-wrap: anywhere; } td:first-child { white-space: nowrap; color: var(--muted); }
details { margin: 16px 0; } summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
.warn { color: #b45309; font-weight: 600; }
@media (max-width: 700px) { li a { grid-template-columns: 1fr; gap: 0; } }
"""


def _page(title: str, search: str, stats: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head><body><header>'
        '<h1><a href="/">Mailbox</a></h1>'
        f'<form><input type="search" name="q" value="{escape(search)}" placeholder="Subject or recipient"'
        f' aria-label="Search"></form><div class="stats">{stats}</div></header>'
        f"<main>{body}</main></body></html>"
    )


def listing(rows: list[dict[str, Any]], stats: dict[str, int], search: str, *, more: bool) -> str:
    numbers = f"<b>{stats['total']:,}</b> messages, <b>{stats['duplicates']:,}</b> duplicates"
    items = "".join(
        f'<li><a href="/message/{row["id"]}"><span>{escape(row["to"])}</span>'
        f'<span class="subject">{escape(row["subject"] or "(no subject)")}</span>'
        f"<time>{escape(row['received_at'][:19].replace('T', ' '))}</time></a></li>"
        for row in rows
    )
    nothing = "No message matches." if search else "No message yet. They appear here as soon as one is sent."
    body = f"<ul>{items}</ul>" if rows else f'<p class="empty">{nothing}</p>'
    if more:
        query = urlencode({"q": search, "before": rows[-1]["id"]})
        body += f'<p><a href="/?{escape(query)}">Older messages</a></p>'
    return _page("Mailbox", search, numbers, body)


def message(found: dict[str, Any]) -> str:
    headers = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in found["headers"]
    )
    again = (
        f'<p class="warn">Came {found["copies"]} times under this Message-ID.</p>'
        if found["copies"] > 1
        else ""
    )
    html = (
        # No allow-… at all: no script, no form, no link out of the frame.
        f'<iframe sandbox title="HTML part" srcdoc="{escape(found["html"])}"></iframe>'
        if found["html"]
        else ""
    )
    received = escape(found["received_at"][:19].replace("T", " "))
    body = (
        f"<h2>{escape(found['subject'] or '(no subject)')}</h2>"
        f'<p class="muted">to {escape(found["to"])}, from {escape(found["from"])}, {received} UTC'
        f' · <a href="/message/{found["id"]}/raw">raw</a></p>{again}{html}'
        f"<details {'' if html else 'open'}><summary>Text part</summary>"
        f"<pre>{escape(found['text'])}</pre></details>"
        f"<details><summary>Headers</summary><table>{headers}</table></details>"
    )
    return _page(found["subject"] or "Message", "", "", body)
