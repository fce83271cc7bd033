"""One supervisor per data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from roundhouse.model.errors import SetupError

FILE = "up.lock"


class Holder(Struct, frozen=True):
    """Who supervises a data folder, as its lock file says. The file outlives it, the lock does not."""

    pid: int
    url: str = ""


class DataLock:
    """The held lock."""

    def __init__(self, file: int) -> None:
        self._file = file

    def tell(self, url: str) -> None:
        """Write down who holds the lock and where it listens."""
        content = msgspec.json.encode(Holder(os.getpid(), url))
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))


@contextmanager
def lock_data(data_dir: Path) -> Iterator[DataLock]:
    """Hold the data folder's lock for the time of the context. Raises SetupError `already_running`."""
    file = os.open(data_dir / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(data_dir) from None
        lock = DataLock(file)
        lock.tell("")
        yield lock
    finally:
        os.close(file)


def holder(data_dir: Path) -> Holder | None:
    """Who holds the lock now, or None when nobody does."""
    try:
        file = os.open(data_dir / FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(data_dir)
    finally:
        os.close(file)
    return None


def _read(data_dir: Path) -> Holder | None:
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _taken(data_dir: Path) -> SetupError:
    found = _read(data_dir)
    who = f" as process {found.pid}" if found else ""
    where = f" at {found.url}" if found and found.url else ""
    return SetupError(
        f"Roundhouse is already running on {data_dir}{who}{where}.",
        code="already_running",
        remedy="Use that one, stop it, or choose another --data-dir.",
    )
