"""`python -m tests.model_server`: serves on a free port of the loopback and prints its address as the first line."""

import os
import socket
import stat
import sys
import threading

import uvicorn

from tests.model_server.app import ModelServer


def leave_with_stdin() -> None:
    """End with whoever holds the other end of stdin, so that a killed test run leaves nothing."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until a signal, or until stdin ends if it is a pipe."""
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        threading.Thread(target=leave_with_stdin, daemon=True).start()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(ModelServer().app(), log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
