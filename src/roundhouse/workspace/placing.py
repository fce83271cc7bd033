"""Puts raw contents of files into a folder, one after the other, so that each file is ever whole.

Owns the order and the single steps: all new contents first, under names of our own beside their places; then what goes,
then what comes. Never follows a link below the root, never writes a `.git`, leaves alone what somebody changed meanwhile.
Which files, what was promised about them and what remembers it over a kill is `move`'s. Blocking; call it in a thread.
"""

import ctypes
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from roundhouse.workspace.image import EXECUTABLE, LINK, Raw, entry_status, folder, outside, raw_now

__all__ = ["Place", "Placing", "Step", "covered", "outside"]

Step: TypeAlias = Callable[[str], None]
"""Told the name of each step that is done: where a kill is worth a test."""
Stamp: TypeAlias = tuple[int, ...] | None

_ONE_BY_ONE = 32
"""So many files are waited for alone; of more the whole file system is, which costs about as much as one does."""


class Place(Struct, frozen=True):
    """One path of a move: what must be there, and what shall be. None is nothing."""

    number: int
    path: bytes
    before: Raw | None
    after: Raw | None

    @property
    def parents(self) -> list[bytes]:
        """The names of the folders that it lies in."""
        return self.path.split(b"/")[:-1]

    @property
    def name(self) -> bytes:
        """Its last name."""
        return self.path.rpartition(b"/")[2]


_LIBC = ctypes.CDLL(None, use_errno=True)


def covered(root: Path, path: bytes, going: set[bytes]) -> bool:
    """Whether a new file could not come there without harm to something other than what goes. Blocking."""
    *parents, name = path.split(b"/")
    with folder(root, parents) as (inside, depth):
        found = entry_status(inside, name) if depth == len(parents) else None
    if found is not None and not stat.S_ISDIR(found.st_mode):
        return True
    return _in_the_way(root, path, going)


class Placing:
    """One run over a folder. `mark` makes our temporary names, the same for the same move."""

    def __init__(self, root: Path, mark: str, *, algorithm: str, step: Step) -> None:
        self._root = root
        self._mark = mark.encode()
        self._algorithm = algorithm
        self._step = step
        self._stamps: dict[int, Stamp] = {}
        self._staged: dict[int, int] = {}

    def now(self, place: Place) -> Raw | None:
        """What lies there, remembered so far that a later change shows. Raises OSError."""
        self._stamps[place.number] = self._stamp(place)
        return raw_now(self._root, place.path, algorithm=self._algorithm)

    def blocked(self, place: Place, going: set[bytes]) -> bool:
        """Whether something other than what goes stands where this file must come, or where its folder must."""
        return _in_the_way(self._root, place.path, going)

    def behind_link(self, place: Place, going: set[bytes]) -> bool:
        """Whether one of its folders is a link, other than one that goes."""
        with folder(self._root, place.parents) as (inside, depth):
            if depth == len(place.parents):
                return False
            found = entry_status(inside, place.parents[depth])
            path = b"/".join(place.parents[: depth + 1])
            return found is not None and stat.S_ISLNK(found.st_mode) and path not in going

    def locked(self, place: Place) -> bool:
        """Whether this user may not change the folder that it lies in."""
        with folder(self._root, place.parents) as (inside, _depth):
            return not os.access(".", os.W_OK | os.X_OK, dir_fd=inside)

    def stage(self, place: Place, content: bytes) -> None:
        """Write the new content beside its place, or as near as there is a folder. Raises OSError."""
        after = place.after
        if after is None:
            return
        temporary = self._temporary(place)
        with folder(self._root, place.parents) as (inside, depth):
            found = entry_status(inside, place.name) if depth == len(place.parents) else None
            if after.mode == LINK:
                os.symlink(content, temporary, dir_fd=inside)
            else:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                # The process's own mask applies to what is new; what was there keeps its rights.
                mode = 0o777 if after.mode == EXECUTABLE else 0o666
                opened = os.open(temporary, flags, mode, dir_fd=inside)
                with os.fdopen(opened, "wb") as file:
                    file.write(content)
                    file.flush()
                    if found is not None and stat.S_ISREG(found.st_mode):
                        os.fchmod(opened, _rights(found.st_mode, after.mode))
            self._staged[place.number] = depth
        self._step(f"staged {place.number}")

    def secure(self, places: Iterable[Place]) -> None:
        """Wait until all that was staged is on the disk. Raises OSError."""
        files = [place for place in places if place.after is not None and place.after.mode != LINK]
        waiting = _Waiting(len(files))
        for place in files:
            depth = self._staged[place.number]
            with folder(self._root, place.parents[:depth]) as (inside, _depth):
                flags = os.O_RDONLY | os.O_NOFOLLOW
                opened = os.open(self._temporary(place), flags, dir_fd=inside)
            with os.fdopen(opened, "rb"):
                waiting.add(opened)
        self._step("secured")

    def clear(self, places: Iterable[Place]) -> None:
        """Remove our temporary files, wherever an earlier run left them."""
        for place in places:
            temporary = self._temporary(place)
            for depth in range(len(place.parents) + 1):
                with folder(self._root, place.parents[:depth]) as (inside, reached):
                    if reached < depth:
                        break
                    with suppress(FileNotFoundError):
                        os.unlink(temporary, dir_fd=inside)

    def put(self, places: Iterable[Place]) -> list[bytes]:
        """Take away what goes, put in what was staged. Gives the paths that were left alone. Raises OSError."""
        wanted = list(places)
        needed = {path for place in wanted if place.after is not None for path in _above(place)}
        goes = [place for place in wanted if place.after is None]
        comes = [place for place in wanted if place.after is not None]
        left = [place.path for place in goes if not self._remove(place, needed)]
        left += [place.path for place in comes if not self._bring(place)]
        self._to_disk({tuple(place.parents) for place in wanted})
        return left

    def _temporary(self, place: Place) -> bytes:
        return b".roundhouse-%s-%d" % (self._mark, place.number)

    def _stamp(self, place: Place) -> Stamp:
        with folder(self._root, place.parents) as (inside, depth):
            found = entry_status(inside, place.name) if depth == len(place.parents) else None
        if found is None or stat.S_ISDIR(found.st_mode):
            return None
        return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _as_before(self, place: Place) -> bool:
        """Whether nobody has changed it since it was looked at."""
        if self._stamp(place) == self._stamps[place.number]:
            return True
        return raw_now(self._root, place.path, algorithm=self._algorithm) == place.before

    def _remove(self, place: Place, needed: set[bytes]) -> bool:
        if not self._as_before(place):
            return False
        with folder(self._root, place.parents) as (inside, depth):
            if depth == len(place.parents):
                with suppress(FileNotFoundError, IsADirectoryError):
                    os.unlink(place.name, dir_fd=inside)
        self._step(f"removed {place.number}")
        for end in range(len(place.parents), 0, -1):
            if b"/".join(place.parents[:end]) in needed:
                break
            with folder(self._root, place.parents[: end - 1]) as (inside, depth):
                if depth < end - 1:
                    continue
                try:
                    os.rmdir(place.parents[end - 1], dir_fd=inside)
                except FileNotFoundError:
                    continue
                except OSError:  # it holds something else
                    break
            self._step(f"emptied {place.number} {end}")
        return True

    def _bring(self, place: Place) -> bool:
        depth = self._staged[place.number]
        temporary = self._temporary(place)
        with folder(self._root, place.parents[:depth]) as (source, reached):
            if reached < depth:  # somebody took the folder away, with our file in it
                return False
            if self._as_before(place) and self._make_way(place):
                with (
                    folder(self._root, place.parents) as (target, deep),
                    suppress(IsADirectoryError, FileNotFoundError),
                ):
                    if deep == len(place.parents):
                        os.rename(temporary, place.name, src_dir_fd=source, dst_dir_fd=target)
                        self._step(f"placed {place.number}")
                        return True
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=source)
        return False

    def _make_way(self, place: Place) -> bool:
        """Make the file's folders, and remove empty ones that lie where it must. Whether all of that could be."""
        for end in range(1, len(place.parents) + 1):
            with folder(self._root, place.parents[: end - 1]) as (inside, depth):
                if depth < end - 1:
                    return False
                try:
                    os.mkdir(place.parents[end - 1], dir_fd=inside)
                except FileExistsError:
                    found = entry_status(inside, place.parents[end - 1])
                    if found is None or not stat.S_ISDIR(found.st_mode):
                        return False
                else:
                    self._step(f"made {place.number} {end}")
        with folder(self._root, place.parents) as (inside, _depth):
            found = entry_status(inside, place.name)
            if found is None or not stat.S_ISDIR(found.st_mode):
                return True
            return _remove_empty(inside, place.name)

    def _to_disk(self, folders: set[tuple[bytes, ...]]) -> None:
        paths = folders | {names[:end] for names in folders for end in range(len(names))}
        waiting = _Waiting(len(paths))
        for path in paths:
            with folder(self._root, list(path)) as (inside, _depth):
                waiting.add(inside)


class _Waiting:
    """Waits for the disk: for each of a few, once for all of many on a file system."""

    def __init__(self, count: int) -> None:
        self._whole = None if count <= _ONE_BY_ONE else getattr(_LIBC, "syncfs", None)
        self._done: set[int] = set()

    def add(self, opened: int) -> None:
        """Return when what is open is on the disk. All of them must be written before the first. Raises OSError."""
        device = os.fstat(opened).st_dev
        if self._whole is None:
            os.fsync(opened)
        elif device not in self._done:
            if self._whole(opened):
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code))
            self._done.add(device)


def _in_the_way(root: Path, path: bytes, going: set[bytes]) -> bool:
    *parents, name = path.split(b"/")
    with folder(root, parents) as (inside, depth):
        if depth < len(parents):
            stands = entry_status(inside, parents[depth]) is not None
            return stands and b"/".join(parents[: depth + 1]) not in going
        found = entry_status(inside, name)
        if found is None or not stat.S_ISDIR(found.st_mode):
            return False
        return any(path + b"/" + held not in going for held in _files_below(inside, name))


def _above(place: Place) -> Iterable[bytes]:
    return (b"/".join(place.parents[:end]) for end in range(1, len(place.parents) + 1))


def _rights(was: int, mode: str) -> int:
    """The rights of a file that is there, with git's one bit as it shall be."""
    rights = stat.S_IMODE(was)
    if mode == EXECUTABLE:
        return rights | (rights & 0o444) >> 2
    return rights & ~0o111


def _files_below(inside: int, name: bytes) -> Iterable[bytes]:
    """All in a folder that is not a folder itself, by path in it."""
    for at, folders, files, opened in os.fwalk(name, dir_fd=inside):
        links = [link for link in folders if not stat.S_ISDIR(_mode(opened, link))]
        for found in [*files, *links]:
            yield os.path.relpath(os.path.join(at, found), name)  # noqa: PTH118 - bytes


def _mode(opened: int, name: bytes) -> int:
    return os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode


def _remove_empty(inside: int, name: bytes) -> bool:
    try:
        for _at, folders, _files, opened in os.fwalk(name, topdown=False, dir_fd=inside):
            for empty in folders:
                os.rmdir(empty, dir_fd=opened)
        os.rmdir(name, dir_fd=inside)
    except OSError:
        return False
    return True
