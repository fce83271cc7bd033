"""Finding the running server: what it and its supervisor leave in the data folder."""

import fcntl
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from roundhouse.model.errors import SetupError

FILE = "server.json"
LOCK_FILE = "up.lock"
TOKEN_FILE = "token"  # noqa: S105 - a file name


class Address(Struct, frozen=True):
    """Where a server is and what it wants to hear. `pid` is 0 where nobody said."""

    url: str
    token: str
    pid: int = 0


class Holder(Struct, frozen=True):
    """Who supervises a data folder, as its lock file says. The file outlives it, the lock does not."""

    pid: int
    url: str = ""


def discover(data_dir: Path, *, url: str | None = None, token: str | None = None) -> Address:
    """The server named by `url`, else the one that runs on `data_dir`.

    While a server is being replaced its supervisor holds the port, and requests wait for the next one.
    Raises SetupError when none does, or when a named one's token is not known.
    """
    running = read_address(data_dir) or _supervised(data_dir)
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


def _supervised(data_dir: Path) -> Address | None:
    supervisor = holder(data_dir)
    if supervisor is None or not supervisor.url:
        return None
    try:
        token = (data_dir / TOKEN_FILE).read_text().strip()
    except OSError:
        return None
    return Address(supervisor.url, token)


def holder(data_dir: Path) -> Holder | None:
    """Who holds the data folder's lock now, or None when nobody does."""
    try:
        file = os.open(data_dir / LOCK_FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_holder(data_dir)
    finally:
        os.close(file)
    return None


def read_holder(data_dir: Path) -> Holder | None:
    """What the lock file says, whether it is held or not."""
    try:
        return msgspec.json.decode((data_dir / LOCK_FILE).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
