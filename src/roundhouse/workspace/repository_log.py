"""What somebody did with git in a worktree, told from the logs that git itself keeps. No git call.

Owns the words for it. What it did to the files is `snapshot`'s. Blocking; call it in a thread. A log that is
missing, cut off or expired tells less and is no error; `git checkout .` and `git clean` are in no log.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from roundhouse.model.event import RepositoryAction

ACTIONS_MAX = 100
"""Of more than this, the newest are told."""

READ_MAX = 1 << 18
"""Bytes of a log that are read at most: its end."""

MESSAGE_MAX = 200

_STASH_TAKES = 5
"""Seconds at most between a stash's own line and that of the reset it does."""

_LINE = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^\t]* (\d+) [+-]\d{4}(?:\t(.*))?")
_WORD = re.compile(r"([\w-]+)(.*?)(?: \(([\w -]+)\))?")
_STASHED = re.compile(r"(?:WIP on|On) (.+?): ")
_RENAMED = re.compile(r"renamed refs/heads/(.+) to refs/heads/(.+)")
_MOVED = re.compile(r"moving from (.+) to (.+)")
_COMMITS = {"amend": "amend", "merge": "merge", "cherry-pick": "cherry-pick"}
_PLAIN = {"reset", "cherry-pick", "revert", "merge", "rebase", "pull", "am"}
_SEVERAL = {"rebase", "pull"}
_HEADS = "ref: refs/heads/"
_DETACHED = "(no branch)"
_NOWHERE = "moving to HEAD"


class LogMark(Struct, frozen=True, kw_only=True):
    """A place in a worktree's logs: what comes after it is news.

    `last` is the line before it. `stashes` are the branches that the repository's stashes were made on, by commit.
    """

    offset: int = 0
    last: bytes = b""
    head: str = ""
    stashes: dict[str, str] = {}


class _Line(Struct, frozen=True):
    before: str | None
    after: str | None
    at: int
    message: str


class _Step(Struct, frozen=True):
    action: RepositoryAction
    at: int
    stage: str = ""


def mark(git_dir: Path) -> LogMark:
    """Where the logs of the worktree with this git folder end now."""
    data, start = _read(git_dir / "logs" / "HEAD", 0)
    return LogMark(
        offset=start + len(data),
        last=data[data.rfind(b"\n", 0, -1) + 1 :],
        head=_head(git_dir),
        stashes={name: branch for name, (branch, _) in _stashes(git_dir).items()},
    )


def since(git_dir: Path, place: LogMark) -> tuple[list[RepositoryAction], str | None]:
    """What was done since that place, oldest first, and the branch the worktree is on now; None where on none.

    A rebase, a pull, a renaming is one action, however many lines it has in the log.
    """
    steps = _joined(_news(git_dir / "logs" / "HEAD", place))
    old, new = _branch(place.head), _branch(_head(git_dir))
    branches = _branches(steps) | {old or _DETACHED, new or _DETACHED}
    steps = _with_stashes(steps, place.stashes, _stashes(git_dir), branches)
    actions = [step.action for step in steps]
    if old is not None and new is not None and old != new and not actions:
        actions.append(RepositoryAction("switch", f"moving from {old} to {new}"))
    return actions[-ACTIONS_MAX:], new


def _news(log: Path, place: LogMark) -> list[_Line]:
    start = place.offset - len(place.last)
    data, begin = _read(log, start)
    if begin == start and data.startswith(place.last):
        return _lines(data[len(place.last) :])
    # Git expires old lines by writing the log anew.
    data, _ = _read(log, 0)
    found = data.rfind(place.last)
    if place.last and found >= 0:
        return _lines(data[found + len(place.last) :])
    known = _lines(place.last)
    return [line for line in _lines(data) if not known or line.at >= known[0].at]


def _joined(lines: Iterable[_Line]) -> list[_Step]:
    steps: list[_Step] = []
    fresh = False
    for line in lines:
        if line.before is None and not line.message:
            # A new worktree begins with this, and a reset in it.
            fresh = True
            continue
        step = _told(line)
        made, fresh = fresh and _stands(step), False
        if made:
            continue
        last = steps[-1] if steps else None
        if last is not None and _same(last, step):
            text = last.action.message + (" (aborted)" if step.stage == "abort" else "")
            whole = replace(last.action, after=step.action.after, message=text)
            steps[-1] = _Step(whole, step.at, step.stage)
        else:
            steps.append(step)
    return steps


def _same(last: _Step, step: _Step) -> bool:
    """Whether the line goes on with what the one before it told."""
    if last.action.action != step.action.action:
        return False
    if step.action.action == "branch renamed":
        return last.action.after is None
    begun = last.stage not in {"", "finish", "abort"} and step.stage not in {"", "start"}
    return step.action.action in _SEVERAL and begun


def _told(line: _Line) -> _Step:
    head, _, text = line.message.partition(": ")
    found = _WORD.fullmatch(head)
    word, more, stage = found.groups(default="") if found else ("", "", "")
    if renamed := _RENAMED.fullmatch(text):
        word, text = "branch renamed", f"{renamed[1]} to {renamed[2]}"
    elif word == "commit":
        word = _COMMITS.get(stage, word)
    elif word == "checkout":
        word = "switch"
    elif word in _SEVERAL and stage == "start":
        text = text.replace("checkout ", "onto ", 1)
    elif word == "merge" and more:
        text = f"{more.strip()}: {text}"
    elif word not in _PLAIN:
        word, text = "moved", line.message
    action = RepositoryAction(word, text[:MESSAGE_MAX], before=line.before, after=line.after)
    return _Step(action, line.at, stage)


def _branches(steps: Iterable[_Step]) -> set[str]:
    """All branches that were come from or gone to."""
    found: set[str] = set()
    for step in steps:
        if step.action.action == "switch" and (moved := _MOVED.fullmatch(step.action.message)):
            found |= set(moved.groups())
        elif step.action.action == "branch renamed":
            found |= set(step.action.message.split(" to "))
    return found


def _with_stashes(
    steps: list[_Step],
    old: dict[str, str],
    new: dict[str, tuple[str, int]],
    branches: Collection[str],
) -> list[_Step]:
    """With the stashes made on these branches, in place of the resets that they do, and those that are gone.

    All worktrees and the user's checkout share the stashes; a branch is checked out in one of them only.
    """
    steps = list(steps)
    for name, (branch, at) in new.items():
        if name not in old and branch in branches:
            step = _Step(RepositoryAction("stash", branch, after=name), at)
            resets = [
                i for i, s in enumerate(steps) if _stands(s) and 0 <= s.at - at <= _STASH_TAKES
            ]
            place = resets[0] if resets else len(steps)
            steps[place : place + 1] = [step]
    gone = [(name, branch) for name, branch in old.items() if name not in new]
    for name, branch in gone:
        if branch in branches:
            # Popped or dropped: no log says which.
            steps.append(_Step(RepositoryAction("stash removed", branch, before=name), 0))
    return steps


def _stands(step: _Step) -> bool:
    """Whether it is a reset that moved nothing, as a stash does one."""
    return step.action.action == "reset" and step.action.message == _NOWHERE


def _stashes(git_dir: Path) -> dict[str, tuple[str, int]]:
    """The branch and the time of each stash of the repository, by its commit, oldest first."""
    common = git_dir / _line_of(git_dir / "commondir")
    data, _ = _read(common / "logs" / "refs" / "stash", 0)
    found = {}
    for line in _lines(data):
        branch = _STASHED.match(line.message)
        if line.after is not None and branch is not None:
            found[line.after] = (branch[1], line.at)
    return found


def _lines(data: bytes) -> list[_Line]:
    found = []
    for raw in data.split(b"\n"):
        if match := _LINE.fullmatch(raw):
            before, after = (
                None if not name.strip(b"0") else name.decode() for name in match.group(1, 2)
            )
            message = (match[4] or b"").decode(errors="replace")
            found.append(_Line(before, after, int(match[3]), message))
    return found


def _read(log: Path, start: int) -> tuple[bytes, int]:
    """The whole lines of a log from there on, but at most its end, and where they begin."""
    begin = start = max(start, 0)
    data = b""
    try:
        # Agents can write here: what is no plain file may never end.
        if log.is_file():
            with log.open("rb") as file:
                begin = max(start, file.seek(0, 2) - READ_MAX)
                file.seek(begin)
                data = file.read(READ_MAX)
    except (OSError, ValueError):
        return b"", start
    if begin > start:
        cut = data.find(b"\n") + 1
        data, begin = data[cut:], begin + cut
    return data[: data.rfind(b"\n") + 1], begin


def _head(git_dir: Path) -> str:
    return _line_of(git_dir / "HEAD")


def _branch(head: str) -> str | None:
    return head.removeprefix(_HEADS) if head.startswith(_HEADS) else None


def _line_of(path: Path) -> str:
    data, _ = _read(path, 0)
    return data.decode(errors="replace").strip()
