"""A mail server in memory, for unit tests and simulations: it answers as it was told to."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from workers.ports import Handover, Message, OutsideError, Unknown


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message the server took over, with the key it came under."""

    message: Message
    key: str


class ScriptedMail:
    """Implements ``workers.ports.Mail``. Takes everything over unless the next answer is scripted."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self._answers: deque[OutsideError | None] = deque()
        self._lock = threading.Lock()

    def next_answers(self, *answers: OutsideError | None) -> None:
        """One per message to come; None takes it over, ``AnswerLost`` takes it over and says nothing."""
        self._answers.extend(answers)

    def send(self, message: Message, *, key: str) -> Handover:
        with self._lock:
            answer = self._answers.popleft() if self._answers else None
            if answer is None or isinstance(answer, AnswerLost):
                self.deliveries.append(Delivery(message, key))
            number = len(self.deliveries)
        if answer is not None:
            raise answer
        return Handover(message.message_id, f"250 2.0.0 Kept as {number}")

    def to(self, address: str) -> list[Message]:
        return [one.message for one in self.deliveries if one.message.to == address]


class AnswerLost(Unknown):
    """The message was taken over, but the answer never arrived."""
