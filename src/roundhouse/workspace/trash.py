"""Deletes folders in the background: renamed aside at once, removed by a thread that nobody waits for.

A folder that a killed process left aside is deleted with the next one. Blocking; call it in a thread.
"""

import contextlib
import os
import secrets
import shutil
import stat
import threading
from pathlib import Path

import structlog

logger = structlog.get_logger(__name__)


class Trash:
    """A folder beside what is deleted (same file system, so that a rename is enough)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def discard(self, path: Path) -> bool:
        """Take the path away at once and delete it later. False if there was nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(self._folder / f"{path.name}-{secrets.token_hex(6)}")
        except FileNotFoundError:
            return False
        self.empty()
        return True

    def empty(self) -> None:
        """Start deleting what lies here, unless that is under way."""
        with self._guard:
            if self._thread is None and self._folder.is_dir():
                # A daemon: ending the program must not wait for a hundred thousand files.
                self._thread = threading.Thread(target=self._run, name="trash", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Return when all that was discarded is gone."""
        with self._guard:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        failed: set[Path] = set()
        while True:
            with self._guard:
                paths = [path for path in self._folder.iterdir() if path not in failed]
                if not paths:
                    self._thread = None
                    return
            for path in paths:
                delete(path)
                if path.exists():
                    failed.add(path)
                    logger.warning("cannot delete", path=str(path))


def delete(path: Path) -> None:
    """Delete a file or folder as far as this user may, read-only folders included."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    shutil.rmtree(path, ignore_errors=True)
    if not path.exists():
        return
    path.chmod(path.stat().st_mode | stat.S_IRWXU)
    for folder, names, _files in os.walk(path):
        for name in names:
            inner = Path(folder) / name
            if not inner.is_symlink():
                with contextlib.suppress(OSError):
                    inner.chmod(inner.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)
