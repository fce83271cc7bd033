"""A process that runs an embedded database until it is told to stop, for tests that kill it.

`holder.py DATA_DIR` prints the URL and the server's process id on one line.
"""

import signal
import sys
from pathlib import Path

import anyio

from roundhouse.store.embedded import EmbeddedPostgres


async def main(data_dir: Path) -> None:
    """Run it until SIGINT or SIGTERM."""
    server = EmbeddedPostgres()
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with server.run(data_dir) as url:
            sys.stdout.write(f"{url} {server.pid}\n")
            sys.stdout.flush()
            async for _ in signals:
                return


anyio.run(main, Path(sys.argv[1]))
