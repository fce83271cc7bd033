"""Finding the running server: the file that it leaves in its data folder."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from roundhouse.model.errors import SetupError

FILE = "server.json"


class Address(Struct, frozen=True):
    """Where a server is and what it wants to hear. `pid` is 0 where nobody said."""

    url: str
    token: str
    pid: int = 0


def discover(data_dir: Path, *, url: str | None = None, token: str | None = None) -> Address:
    """The server named by `url`, else the one that runs on `data_dir`.

    Raises SetupError when none does, or when a named one's token is not known.
    """
    running = read_address(data_dir)
    if url is not None:
        url = url.rstrip("/")
        token = token or (running.token if running and running.url == url else None)
        if token is None:
            raise SetupError(
                f"The token of {url} is not known.",
                remedy="Give it with --token or ROUNDHOUSE_TOKEN.",
            )
        return Address(url, token)
    if running is None:
        raise SetupError(
            f"No Roundhouse is running on {data_dir}.",
            code="not_running",
            remedy="Start it with `roundhouse up`.",
        )
    return Address(running.url, token or running.token, running.pid)


def read_address(data_dir: Path) -> Address | None:
    """What the server of this data folder left, or None when there is none alive."""
    try:
        address = msgspec.json.decode((data_dir / FILE).read_bytes(), type=Address)
    except (OSError, msgspec.DecodeError):
        return None
    return address if address.pid == 0 or alive(address.pid) else None


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
