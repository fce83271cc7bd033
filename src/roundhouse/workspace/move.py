"""A folder's files from one state to another: all or nothing, over kill -9 at any moment.

Owns the promise: nothing is written unless every file is as it must be; what is begun is in the journal, and is ended by
`resume`. A move's contents are trees in the session's store, kept by refs of their own until `finish`; an apply's stay,
since it can be undone. What a move is for, and the rows that follow it, are the caller's: they travel in `then`.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import Conflict, WorkspaceError
from roundhouse.model.session import Worktree
from roundhouse.workspace.diff import shown
from roundhouse.workspace.git import LONG_DEADLINE, git_in_store
from roundhouse.workspace.image import algorithm_of, image_tree, read_tree
from roundhouse.workspace.placing import Place, Placing, Step, outside
from roundhouse.workspace.snapshot import Snapshots

__all__ = ["Move", "carry_out", "finish", "image_tree", "resume", "unfinished"]

JOURNAL = "move.json"
REFS = "refs/moves/"
_AT_ONCE = 32 << 20
"""Bytes of contents that are in memory together; a larger file is so alone."""


class Move(Struct, frozen=True, kw_only=True):
    """What to do to a folder's files. `before` and `after` are raw trees (see `image`) of the touched paths.

    A path in one tree only is made or taken away. `kind` is `reject`, `rewind`, `apply`, `undo_apply` or `undo_reject`.
    """

    kind: str
    root: str
    before: str
    after: str
    then: dict[str, Any]


def _pass(_step: str) -> None:
    """Nobody wants to know."""


async def carry_out(
    snapshots: Snapshots, worktree: Worktree, move: Move, *, step: Step = _pass
) -> list[str]:
    """Bring the files to `after`. Gives the paths that somebody changed in that very moment; they are left alone.

    The journal stays until `finish`. Raises Conflict, and has written nothing: `moved` where a file is not as `before`
    says or something stands in the way, `outside` behind a link (both with `details["paths"]`), `unfinished` while another
    move is. Raises WorkspaceError: nothing is changed where the new contents could not be written; later the journal stays.
    """
    store = snapshots.path(worktree.session_id)
    other = await unfinished(snapshots, worktree.session_id)
    if other is not None:
        raise Conflict(
            f"A {other.kind} of this session is not finished.",
            code="unfinished",
            remedy="Try again in a moment.",
        )
    places = await _places(store, move)
    placing = _placing(move, step)
    todo = [place for place in places if place.before != place.after]
    with _explained(move):
        await to_thread.run_sync(_check, placing, places)
        await _keep(store, move)
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_write_journal, store, move, step)
            try:
                await _stage(store, placing, todo)
            except BaseException:
                # Nothing but our own temporary files is there yet.
                await to_thread.run_sync(placing.clear, todo)
                await _forget(store, move, keep=move.kind == "apply")
                raise
            left = await to_thread.run_sync(placing.put, todo)
    return [shown(path) for path in left]


async def unfinished(snapshots: Snapshots, session_id: str) -> Move | None:
    """The session's move that was begun and not finished. Raises WorkspaceError for a broken journal."""
    path = snapshots.path(session_id) / JOURNAL

    def read() -> bytes | None:
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    text = await to_thread.run_sync(read)
    try:
        return None if text is None else msgspec.json.decode(text, type=Move)
    except msgspec.MsgspecError as error:
        raise WorkspaceError(
            f"The journal {path} cannot be read: {error}",
            remedy="Look at the session's files, then move that file away.",
        ) from error


async def resume(
    snapshots: Snapshots, worktree: Worktree, move: Move, *, step: Step = _pass
) -> list[str]:
    """Bring the files of a move that was begun to `after`, as often as it takes.

    Gives the paths that are neither as before nor as after, since somebody changed them: they are left alone. So are all
    where the folder is gone. Raises WorkspaceError; then it can be tried again.
    """
    store = snapshots.path(worktree.session_id)
    places = await _places(store, move)
    if not await to_thread.run_sync(Path(move.root).is_dir):
        return [shown(place.path) for place in places]
    placing = _placing(move, step)
    with _explained(move), anyio.CancelScope(shield=True):
        todo, left = await to_thread.run_sync(_sort_out, placing, places)
        await _stage(store, placing, todo)
        left += await to_thread.run_sync(placing.put, todo)
    return [shown(path) for path in sorted(left)]


async def finish(snapshots: Snapshots, session_id: str) -> None:
    """Drop the journal, now that the rows are written. None is fine. Raises GitError."""
    move = await unfinished(snapshots, session_id)
    if move is not None:
        await _forget(snapshots.path(session_id), move, keep=move.kind == "apply")


async def _places(store: Path, move: Move) -> list[Place]:
    before = await read_tree(store, move.before)
    after = await read_tree(store, move.after)
    return [
        Place(number, path, before.get(path), after.get(path))
        for number, path in enumerate(sorted({*before, *after}))
    ]


def _placing(move: Move, step: Step) -> Placing:
    text = f"{move.kind} {move.before} {move.after}"
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Placing(Path(move.root), mark, algorithm=algorithm_of(move.before), step=step)


def _check(placing: Placing, places: list[Place]) -> None:
    going = {place.path for place in places if place.after is None}
    comes = [place for place in places if place.after is not None]
    barred = {place.path for place in places if outside(place.path)}
    barred |= {place.path for place in comes if placing.behind_link(place, going)}
    if barred:
        raise Conflict(
            f"{shown(min(barred))} is not inside the folder, or is git's own; nothing was written.",
            code="outside",
            remedy="Leave that file out.",
            details={"paths": [shown(path) for path in sorted(barred)]},
        )
    moved = {place.path for place in places if placing.now(place) != place.before}
    moved |= {place.path for place in comes if placing.blocked(place, going)}
    if moved:
        raise Conflict(
            f"{shown(min(moved))} is not as it was when this was planned; nothing was written.",
            code="moved",
            remedy="Look at the files, then try again.",
            details={"paths": [shown(path) for path in sorted(moved)]},
        )
    for place in places:
        if place.before != place.after and placing.locked(place):
            raise WorkspaceError(
                f"The folder of {shown(place.path)} may not be written.",
                remedy="Give this user access to it, then try again.",
            )


def _sort_out(placing: Placing, places: list[Place]) -> tuple[list[Place], list[bytes]]:
    """What is still to do, and what is no longer ours to do."""
    placing.clear(places)
    todo: list[Place] = []
    left: list[bytes] = []
    for place in places:
        now = placing.now(place)
        if place.after == place.before or (place.after is not None and place.after == now):
            continue
        # Taken away already: the folders that it left empty can still be there.
        if now in {place.before, place.after}:
            todo.append(place)
        else:
            left.append(place.path)
    going = {place.path for place in todo if place.after is None}
    blocked = {
        place.path for place in todo if place.after is not None and placing.blocked(place, going)
    }
    return [place for place in todo if place.path not in blocked], left + sorted(blocked)


async def _stage(store: Path, placing: Placing, todo: list[Place]) -> None:
    """Write all new contents beside their places; at no failure is one of them left."""
    try:
        for group in await _grouped(store, [place for place in todo if place.after is not None]):
            contents = await _contents(store, [_blob(place) for place in group])

            def write(group: list[Place] = group, contents: list[bytes] = contents) -> None:
                for place, content in zip(group, contents, strict=True):
                    placing.stage(place, content)

            await to_thread.run_sync(write)
        await to_thread.run_sync(placing.secure, todo)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(placing.clear, todo)
        raise


async def _grouped(store: Path, places: list[Place]) -> list[list[Place]]:
    """The places in groups whose contents fit into memory."""
    out = await git_in_store(
        "cat-file",
        "--batch-check=%(objectsize)",
        store=store,
        stdin="".join(f"{_blob(place)}\n" for place in places).encode(),
    )
    groups: list[list[Place]] = []
    room = 0
    for place, size in zip(places, map(int, out.split()), strict=True):
        if not groups or size > room:
            groups.append([])
            room = _AT_ONCE
        groups[-1].append(place)
        room -= size
    return groups


async def _contents(store: Path, blobs: list[str]) -> list[bytes]:
    stdin = "".join(f"{blob}\n" for blob in blobs).encode()
    out = await git_in_store(
        "cat-file", "--batch", store=store, stdin=stdin, deadline=LONG_DEADLINE
    )
    found: list[bytes] = []
    at = 0
    for _blob_name in blobs:
        start = out.index(b"\n", at) + 1
        at = start + int(out[at:start].split()[2])
        found.append(out[start:at])
        at += 1  # the line feed after it
    return found


def _blob(place: Place) -> str:
    return "" if place.after is None else place.after.blob


async def _keep(store: Path, move: Move) -> None:
    """Name both trees by refs, so that packing keeps what they hold."""
    await _refs(store, [f"update {REFS}{move.kind}/{tree} {tree}" for tree in _trees(move)])


async def _forget(store: Path, move: Move, *, keep: bool = False) -> None:
    def drop_journal() -> None:
        (store / JOURNAL).unlink(missing_ok=True)
        _to_disk(store)

    await to_thread.run_sync(drop_journal)
    if not keep:
        await _refs(store, [f"delete {REFS}{move.kind}/{tree}" for tree in _trees(move)])


async def _refs(store: Path, commands: Iterable[str]) -> None:
    stdin = "".join(f"{command}\n" for command in commands).encode()
    await git_in_store("update-ref", "--stdin", store=store, stdin=stdin)


def _trees(move: Move) -> list[str]:
    return sorted({move.before, move.after})


def _write_journal(store: Path, move: Move, step: Step) -> None:
    new = store / f"{JOURNAL}.new"
    with new.open("wb") as file:
        file.write(msgspec.json.encode(move))
        file.flush()
        os.fsync(file.fileno())
    step("journal written")
    new.replace(store / JOURNAL)
    _to_disk(store)
    step("journal in force")


def _to_disk(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _explained(move: Move) -> Iterator[None]:
    """What the system refuses, as an error of ours."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"The files below {move.root} cannot be written: {error.strerror}.",
            remedy="Free some space, or give this user access to them, then try again.",
        ) from error
