"""What must be known of a session's worktree when its folder is gone: one small file for each.

Owns the files. When they are written and what follows from them is `worktree`'s. Blocking; call it in a thread.
"""

from pathlib import Path

import msgspec
from msgspec import Struct


class Record(Struct, frozen=True):
    """What the repository knows of a session's worktree."""

    common: str
    git_dir: str
    branch: str
    base_commit: str


class Records:
    """The records of a folder, by session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, session_id: str) -> Record | None:
        """The session's record; None where there is none that can be read."""
        try:
            return msgspec.json.decode((self._folder / session_id).read_bytes(), type=Record)
        except (OSError, msgspec.MsgspecError):
            return None

    def save(self, session_id: str, record: Record) -> None:
        """Write the record, whole or not at all."""
        path = self._folder / session_id
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        new.write_bytes(msgspec.json.encode(record))
        new.rename(path)

    def save_if_new(self, session_id: str, record: Record) -> None:
        """Write the record unless there is one."""
        if self.load(session_id) is None:
            self.save(session_id, record)

    def forget(self, session_id: str) -> None:
        """Drop the record; none is fine."""
        (self._folder / session_id).unlink(missing_ok=True)

    def sessions(self) -> set[str]:
        """The sessions that have a record."""
        if not self._folder.is_dir():
            return set()
        return {path.name for path in self._folder.iterdir() if "." not in path.name}

    def uses(self, common: str) -> bool:
        """Whether any session works on that repository."""
        found = (self.load(session_id) for session_id in self.sessions())
        return any(record is not None and record.common == common for record in found)
