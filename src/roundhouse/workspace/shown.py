"""Files, hunks, lines and shares of a difference in the form that every door gives out. Pure."""

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from roundhouse.model.change import AgentShare, ChangeTotals, DiffLine, FileChange, Hunk
from roundhouse.workspace.comparison import ChangedFile
from roundhouse.workspace.delta import GITLINK, Entry
from roundhouse.workspace.diff import PatchHunk, shown
from roundhouse.workspace.filters import Filter
from roundhouse.workspace.tracing import NO_MODE

SPECIAL = frozenset({"120000", GITLINK})
"""Modes of what is no plain file: a link, another repository's commit."""


def file_change(
    file: ChangedFile, hunks: list[Hunk], wanted: Filter, *, too_large: bool
) -> FileChange:
    """One file of the list."""
    entry = file.entry
    additions, deletions = wanted.sums(file)
    old_mode, new_mode = _modes(file, wanted)
    return FileChange(
        id=file.id,
        path=shown(entry.path),
        old_path=None if entry.old_path is None else shown(entry.old_path),
        operation=entry.operation,
        additions=additions,
        deletions=deletions,
        agents=_shares(file, wanted),
        hunks=hunks,
        binary=entry.additions is None,
        too_large=too_large,
        seen=wanted.saw(file),
        old_mode=old_mode,
        new_mode=new_mode,
    )


def one_hunk(file: ChangedFile, hunk: PatchHunk, name: str, wanted: Filter) -> Hunk:
    """One hunk with the author of every changed line."""
    lines = []
    for line in hunk.lines:
        text = line.text.decode(errors="replace")
        shown_line = DiffLine(kind=line.kind, text=text, old=line.old, new=line.new)
        if line.kind != "context":
            author = file.author(line.kind, line.new if line.kind == "add" else line.old)
            shown_line = replace(shown_line, agent=author.agent, task_id=author.task_id)
        lines.append(shown_line)
    changed = [line for line in lines if line.kind != "context"]
    return Hunk(
        id=name,
        header=hunk.header.decode(errors="replace"),
        lines=lines,
        agents=list(dict.fromkeys(line.agent for line in changed if line.agent)),
        task_ids=list(dict.fromkeys(line.task_id for line in changed if line.task_id)),
        seen=name in wanted.seen,
    )


def totals(files: Iterable[ChangedFile], wanted: Filter) -> ChangeTotals:
    """Sums over the whole list."""
    number = additions = deletions = 0
    lines: Counter[str | None] = Counter()
    for file in files:
        number += 1
        added, deleted = wanted.sums(file)
        additions += added
        deletions += deleted
        lines += _lines(file, wanted)
    return ChangeTotals(
        files=number, additions=additions, deletions=deletions, agents=_as_shares(lines)
    )


def modes_told(entry: Entry) -> tuple[str | None, str | None]:
    """Both sides' modes where they say something: they differ, or it is no plain file. None is no file."""
    modes = (entry.old_mode, entry.new_mode)
    if modes[0] == modes[1] and modes[0] not in SPECIAL:
        return None, None
    old, new = (None if mode == NO_MODE else mode for mode in modes)
    return old, new


def _modes(file: ChangedFile, wanted: Filter) -> tuple[str | None, str | None]:
    """The modes, unless authors are asked for and it is not known which of several changed them."""
    old, new = modes_told(file.entry)
    changed = None not in {old, new} and not {old, new} & SPECIAL
    lines = file.entry.old_blob != file.entry.new_blob
    if changed and lines and wanted.by_author and file.only is None:
        return None, None
    return old, new


def _shares(file: ChangedFile, wanted: Filter) -> list[AgentShare]:
    if file.made().total():
        return _as_shares(_lines(file, wanted))
    fitting = {author.agent for author in file.authors if wanted.fits(author)}
    agents = sorted(fitting, key=lambda name: name or "")
    return [AgentShare(agent, 0, round(1 / len(agents), 4)) for agent in agents]


def _lines(file: ChangedFile, wanted: Filter) -> Counter[str | None]:
    """How many lines that are asked for each wrote."""
    lines: Counter[str | None] = Counter()
    for (_kind, author), number in wanted.made(file).items():
        if wanted.fits(author):
            lines[author.agent] += number
    return lines


def _as_shares(lines: Counter[str | None]) -> list[AgentShare]:
    total = lines.total()
    return [
        AgentShare(agent, number, round(number / total, 4))
        for agent, number in lines.most_common()
        if number
    ]
