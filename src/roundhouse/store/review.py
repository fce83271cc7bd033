"""What a verdict, an apply, a rewind or a settled turn changes of a session, as one transaction.

Owns that the snapshots of `session_worktrees` move only from what the caller saw, so that two who work on the same
session cannot overwrite each other. What is in the files is `workspace`'s.
"""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.event import EventBody, encode_body
from roundhouse.model.review import (
    Applied,
    Checkpoint,
    NewApplied,
    NewCheckpoint,
    NewVerdict,
    VerdictRow,
)
from roundhouse.store import applies, changes, checkpoints, verdicts
from roundhouse.store.database import Database
from roundhouse.store.rows import Connection, touch
from roundhouse.store.session_queries import SET_SNAPSHOTS

_SNAPSHOTS = """
    SELECT base_snapshot, reviewed_snapshot, head_snapshot FROM session_worktrees WHERE session_id = %s"""
_EVENT = "SELECT append_event(%s, NULL, NULL, %s::jsonb)"


class Persisted(Struct, frozen=True, kw_only=True):
    """The rows that were written. `already`: an earlier call wrote them, this one changed nothing."""

    checkpoint: Checkpoint | None = None
    applied: Applied | None = None
    verdict: VerdictRow | None = None
    resolved: int = 0
    already: bool = False


class Review:
    """Writes the outcomes of reviews to a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def persist(
        self,
        session_id: str,
        *,
        expect: Mapping[str, str | None],
        base: str | None = None,
        reviewed: str | None = None,
        head: str | None = None,
        additions: int | None = None,
        deletions: int | None = None,
        checkpoint: NewCheckpoint | None = None,
        applied: NewApplied | None = None,
        undone_apply: str | None = None,
        verdict: NewVerdict | None = None,
        undone_verdict: str | None = None,
        new_changes: Sequence[changes.NewChange] = (),
        resolve: tuple[Collection[str], str] | None = None,
        event: EventBody | None = None,
    ) -> Persisted:
        """Write what is given, all or none. Raises NotFound, and Conflict `stale`.

        `expect` are the snapshots as the caller saw them, by `base`, `reviewed`, `head`; where they are others now it
        is `stale`. But where all snapshots given stand already, an earlier call wrote them, before a crash or
        a lost connection: then this one writes nothing. `resolve` is what `PendingChanges.resolve` takes, done
        once `new_changes` are in.
        """
        wanted = {"base": base, "reviewed": reviewed, "head": head}
        given = {name: value for name, value in wanted.items() if value is not None}
        async with self._db.connection() as conn:
            await touch(conn, session_id)
            now = await _snapshots(conn, session_id)
            if given and all(now[name] == value for name, value in given.items()):
                known = await checkpoints.of_snapshot(conn, checkpoint) if checkpoint else None
                return Persisted(checkpoint=known, already=True)
            if any(now[name] != value for name, value in expect.items()):
                raise Conflict(
                    "The session's changes have moved meanwhile.",
                    code="stale",
                    remedy="Look at them again.",
                )
            values = (base, reviewed, head, additions, deletions, session_id)
            await conn.execute(SET_SNAPSHOTS, values)
            if undone_apply is not None:
                await applies.mark_undone(conn, session_id, undone_apply)
            if undone_verdict is not None:
                await verdicts.mark_undone(conn, session_id, undone_verdict)
            await changes.insert(conn, new_changes)
            written = Persisted(
                checkpoint=await checkpoints.insert(conn, checkpoint) if checkpoint else None,
                applied=await applies.insert(conn, applied) if applied else None,
                verdict=await verdicts.insert(conn, verdict) if verdict else None,
                resolved=await changes.follow(conn, session_id, *resolve) if resolve else 0,
            )
            if event is not None:
                await conn.execute(_EVENT, (session_id, encode_body(event).decode()))
            return written


async def _snapshots(conn: Connection, session_id: str) -> dict[str, str | None]:
    row = await (await conn.execute(_SNAPSHOTS, (session_id,))).fetchone()
    if row is None:
        raise NotFound(f"The session {session_id} has no worktree yet.")
    return dict(zip(("base", "reviewed", "head"), row, strict=True))
