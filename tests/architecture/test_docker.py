"""The container files cannot be run everywhere, so they are read: everything they name must exist."""

import re
from typing import Any

import pytest
import yaml

from apex.celery import QUEUE_GROUPS
from apex.celery_settings import worker_soft_shutdown_timeout
from tests.architecture.sources import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
WORKERS = {name: service for name, service in SERVICES.items() if name.startswith("worker-")}


def test_there_is_a_worker_for_every_queue_group() -> None:
    described = {name.removeprefix("worker-"): _queues(service) for name, service in WORKERS.items()}
    assert described == {name: (group.queues, group.concurrency) for name, group in QUEUE_GROUPS.items()}


def test_postgres_and_valkey_are_set_as_apex_needs_them() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert "shared_preload_libraries=pg_stat_statements" in SERVICES["postgres"]["command"]
    valkey = " ".join(SERVICES["valkey"]["command"])
    assert "--appendonly yes" in valkey
    assert "--maxmemory-policy noeviction" in valkey


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_waits_for_exists(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres", "valkey"}))
def test_workers_are_given_time_to_hand_back_what_they_hold(name: str) -> None:
    seconds = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
    assert seconds > worker_soft_shutdown_timeout


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres", "valkey", "web"}))
def test_commands_start_things_that_exist(name: str) -> None:
    command = SERVICES[name]["command"]
    if command[0] == "python":
        assert (ROOT / command[1]).exists()
    else:
        assert command[:3] == ["celery", "-A", "apex.celery"]
        assert command[3] in {"worker", "beat", "flower"}


def test_the_image_copies_what_exists_and_runs_as_nobody_special() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    for path in (part for line in copied for part in line.split()):
        assert (ROOT / path).exists(), path
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER apex$", DOCKERFILE, flags=re.MULTILINE)
    assert not {"peers", "tests", ".apex"} & set(" ".join(copied).split())


def test_the_demonstrations_launcher_is_not_what_containers_run() -> None:
    assert "apex.embedded" not in str(COMPOSE) + DOCKERFILE


def _queues(service: dict[str, Any]) -> tuple[tuple[str, ...], int]:
    command = service["command"]
    return tuple(command[command.index("-Q") + 1].split(",")), int(command[command.index("-c") + 1])
