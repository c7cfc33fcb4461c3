"""The real Celery application for the laboratory's workers and beats, with what a scenario orders by environment.

``LAB_TRAP``: see tests/faults/traps.py. ``LAB_PAGE=automation:size``: smaller pages, so that a fault falls between
some. ``LAB_TWICE``: every message is sent twice. ``LAB_SPEED`` and ``LAB_EPOCH``: the engine's clock runs so many
times as fast from that moment (seconds since 1970) on. ``LAB_TICK``: seconds between beat's ticks.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

import apex.tasks  # noqa: E402 - its time limits are made of the real time-outs
import apex.wiring  # noqa: E402
from apex.announcing import bell  # noqa: E402
from apex.celery import app  # noqa: E402
from apex.registry import REGISTRY  # noqa: E402
from tests.faults.traps import Trap, lay  # noqa: E402


def _fast_clock(speed: float, epoch: float) -> Any:
    return lambda: datetime.fromtimestamp(epoch, UTC) + timedelta(seconds=(time.time() - epoch) * speed)


def _send_twice() -> None:
    send_once = bell.send_task

    def send(*arguments: Any, **more: Any) -> Any:
        send_once(*arguments, **more)
        return send_once(*arguments, **more)

    bell.send_task = send


if trap := Trap.of(os.environ):
    lay(trap)
if "LAB_PAGE" in os.environ:
    name, size = os.environ["LAB_PAGE"].split(":")
    type(REGISTRY.automation(name)).page_size = int(size)
if "LAB_TWICE" in os.environ:
    _send_twice()
if "LAB_SPEED" in os.environ:
    apex.wiring.utc_now = _fast_clock(float(os.environ["LAB_SPEED"]), float(os.environ["LAB_EPOCH"]))
if "LAB_TICK" in os.environ:
    app.conf.beat_schedule["tick"]["schedule"] = timedelta(seconds=float(os.environ["LAB_TICK"]))
    app.conf.beat_max_loop_interval = float(os.environ["LAB_TICK"])
