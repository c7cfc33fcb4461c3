"""TCP ports: which are free, and what to say when one is taken."""

from __future__ import annotations

import socket

from apex.embedded.errors import CannotStart

HOST = "127.0.0.1"


def is_free(port: int, host: str = HOST) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def prefer(port: int) -> int:
    """``port`` when it is free, else any free one. For ports nobody types."""
    return port if is_free(port) else free_port()


def claim(environ: dict[str, str], name: str, default: int, host: str = HOST) -> int:
    """The port named by the variable ``name``, else ``default``. Raises CannotStart when it is taken."""
    given = environ.get(name, "")
    if given and not (given.isdigit() and 0 < int(given) < 65536):
        raise CannotStart(f"{name}={given} is not a port; use a number from 1 to 65535.")
    port = int(given or default)
    if not is_free(port, host):
        raise CannotStart(
            f"port {port} is in use; stop what listens there or set {name} to another, "
            f"for example `{name}={port + 1000} make run`."
        )
    return port
