"""The broker's side: every automation is a task on its queue, limits fit together, and no bell ever hangs."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest

from apex import celery_settings
from apex.announcing import Doorbell, bell
from apex.celery import QUEUE_GROUPS, app
from apex.registry import REGISTRY
from apex.tasks import tick_task
from workers.kernel.automation import Queue


def test_every_automation_is_a_task_of_its_name() -> None:
    tasks = {name for name in app.tasks if not name.startswith("celery.")}
    assert tasks == {*REGISTRY, tick_task.name}


def test_every_queue_has_exactly_one_group_of_workers() -> None:
    served = [queue for group in QUEUE_GROUPS.values() for queue in group.queues]
    assert sorted(served) == sorted([*(queue.value for queue in Queue), "tick"])


def test_a_message_is_not_delivered_again_while_its_task_may_still_run() -> None:
    longest = max(task.time_limit or celery_settings.task_time_limit for task in app.tasks.values())
    assert longest < celery_settings.VISIBILITY_TIMEOUT


def test_what_is_killed_for_its_time_is_free_to_be_taken_again() -> None:
    for name, work in REGISTRY.items():
        assert app.tasks[name].time_limit >= work.timeout.total_seconds(), name


def test_a_dead_worker_loses_nothing() -> None:
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_ignore_result


def test_beat_only_ticks() -> None:
    assert [entry["task"] for entry in celery_settings.beat_schedule.values()] == ["apex.tick"]
    assert timedelta(minutes=1) > celery_settings.TICK_EVERY


def test_a_bell_at_a_dead_broker_is_swallowed_and_then_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rings: list[str] = []
    send = bell.send_task

    def counted(name: str, **options: object) -> object:
        rings.append(name)
        return send(name, connection=bell.connection_for_write(f"redis://127.0.0.1:{port}/0"), **options)

    monkeypatch.setattr(bell, "send_task", counted)
    doorbell = Doorbell()
    doorbell("messaging.deliver", "wake", "")
    doorbell("messaging.deliver", "wake", "")
    assert rings == ["messaging.deliver"]
    assert bell.conf.broker_transport_options["max_retries"] == 0  # kombu would wait six seconds else


def test_a_bell_for_an_unknown_automation_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be sent")

    monkeypatch.setattr(bell, "send_task", never)
    Doorbell()("nobody.knows_this", "wake", "")
