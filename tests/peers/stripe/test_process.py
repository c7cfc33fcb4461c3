"""The peer as a process of its own: starts, survives kill -9, says why it cannot start."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import stripe

COMMAND = [sys.executable, "-m", "peers.stripe", "--port", "0"]
ROOT = Path(__file__).parents[3]


def _start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([*COMMAND, "--data", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, line.split()[3].rstrip(",")


@pytest.mark.faults
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_was_answered_is_still_there_after_the_process_ended(
    tmp_path: Path, end: signal.Signals
) -> None:
    process, url = _start(tmp_path)
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": url}, max_network_retries=0)
    made = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"})
    process.send_signal(end)
    process.communicate(timeout=20)
    assert process.returncode == (-9 if end == signal.SIGKILL else 0)

    process, url = _start(tmp_path)
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": url}, max_network_retries=0)
    assert client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k"}).id == made.id
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.faults
def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    process, url = _start(tmp_path / "one")
    taken = url.rsplit(":", 1)[1]
    second = subprocess.run(
        [*COMMAND[:-1], taken, "--data", str(tmp_path / "two")],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    process.terminate()
    process.communicate(timeout=20)

    assert second.returncode == 1
    assert f"cannot listen on port {taken}" in second.stderr
