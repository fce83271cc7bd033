"""One supervisor per data folder."""

import fcntl
import os
from pathlib import Path

import msgspec

from roundhouse.client.discover import LOCK_FILE, Holder, read_holder
from roundhouse.model.errors import SetupError


class DataLock:
    """The data folder's lock, held from its making to `release`."""

    def __init__(self, data_dir: Path) -> None:
        """Take it. Raises SetupError `already_running`."""
        self._file = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise _taken(data_dir) from None
        self.tell("")

    def tell(self, url: str) -> None:
        """Write down who holds it and where that one listens."""
        content = msgspec.json.encode(Holder(os.getpid(), url))
        os.pwrite(self._file, content, 0)
        os.ftruncate(self._file, len(content))

    def release(self) -> None:
        """Let another one have it."""
        os.close(self._file)


def _taken(data_dir: Path) -> SetupError:
    found = read_holder(data_dir)
    who = f" as process {found.pid}" if found else ""
    where = f" at {found.url}" if found and found.url else ""
    return SetupError(
        f"Roundhouse is already running on {data_dir}{who}{where}.",
        code="already_running",
        remedy="Use that one, stop it, or choose another --data-dir.",
    )
