"""``python -m peers.stripe --port 12111 --data DIR``: runs the peer until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from peers.stripe.server import StripePeer


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m peers.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="folder of the state; without it, in memory")
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret")
    parser.add_argument("--latency-ms", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
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
        try:
            peer.wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
