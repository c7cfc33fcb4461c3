"""``python -m peers.stripe --port 12111 --data DIR``: runs the peer until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from peers.stripe.server import StripePeer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m peers.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="folder of the state; without it, in memory")
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret")
    parser.add_argument("--latency-ms", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)  # a shell's background job would ignore it
    try:
        peer = StripePeer(
            args.data,
            port=args.port,
            webhook_url=args.webhook_url,
            webhook_secret=args.webhook_secret,
            latency_ms=args.latency_ms,
        )
    except OSError as error:
        print(f"The Stripe peer cannot listen on port {args.port}: {error}", file=sys.stderr)
        return 1
    with peer:
        print(f"Stripe peer on {peer.url}, its page at {peer.url}/_peer/", flush=True)
        peer.wait()
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Leaves ``wait`` by SystemExit, through the peer's orderly close."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
