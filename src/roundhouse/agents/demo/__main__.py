"""Starts the demo agent on stdin and stdout."""

import os

from roundhouse.agents.demo.agent import Agent
from roundhouse.agents.demo.wire import Peer


def main() -> None:
    """Serve one client until stdin ends."""
    peer = Peer()
    peer.serve(Agent(peer).handle)
    os._exit(0)  # A turn's thread must not hold the program up.


if __name__ == "__main__":
    main()
