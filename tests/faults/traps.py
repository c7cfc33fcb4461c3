"""Where a process of the laboratory is to break: exactly there, once, without waiting.

``LAB_TRAP`` is ``point:automation:nth:how``. The points are the boundaries of an effect: ``after_claim`` (the
claim is committed, nothing is called yet), ``before_call``, ``after_call`` (done outside, not recorded) and
``after_close`` (recorded). ``how``: ``child`` and ``worker`` are SIGKILL for the pool's process or for the whole
worker, ``pause`` is SIGSTOP. The trap writes the process's id to ``LAB_FLAG``; whoever comes second goes on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.kernel import acting, janitor, performing

POINTS = ("after_claim", "before_call", "after_call", "after_close")


@dataclass
class Trap:
    point: str
    automation: str
    nth: int
    how: str
    flag: Path
    passed: int = field(default=0)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Trap | None:
        if not environ.get("LAB_TRAP"):
            return None
        point, automation, nth, how = environ["LAB_TRAP"].split(":")
        if point not in POINTS:
            raise ValueError(f"{point!r} is no point; there are {', '.join(POINTS)}")
        return cls(point, automation, int(nth), how, Path(environ["LAB_FLAG"]))

    def reached(self, point: str, automation: str) -> None:
        if (point, automation) != (self.point, self.automation):
            return
        self.passed += 1
        if self.passed >= self.nth and self._is_first():
            self._spring()

    def _is_first(self) -> bool:
        draft = self.flag.with_suffix(f".{os.getpid()}")
        draft.write_text(str(os.getpid()))
        try:
            os.link(draft, self.flag)  # whole at once, and only once
        except FileExistsError:
            return False
        return True

    def _spring(self) -> None:
        if self.how == "worker":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGSTOP if self.how == "pause" else signal.SIGKILL)


def lay(trap: Trap) -> None:
    """Puts the trap around the kernel's own functions."""
    call, close_done, claim = performing.call, performing.close_done, acting.claim

    def trapped_call(engine: Any, automation: Any, wanted: Any) -> Any:
        trap.reached("before_call", automation.name)
        receipt = call(engine, automation, wanted)
        trap.reached("after_call", automation.name)
        return receipt

    def trapped_close(automation: Any, receipts: Any, **more: Any) -> Any:
        closed = close_done(automation, receipts, **more)
        trap.reached("after_close", automation.name)
        return closed

    def trapped_claim(run_id: int, automation: str, wanted: Any, *rest: Any, **more: Any) -> Any:
        claimed = claim(run_id, automation, wanted, *rest, **more)
        if claimed[0]:
            trap.reached("after_claim", automation)
        return claimed

    for module in (performing, janitor):
        module.call, module.close_done = trapped_call, trapped_close  # type: ignore[attr-defined]
    acting.claim = trapped_claim  # type: ignore[attr-defined]
