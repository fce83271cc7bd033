"""Files, hunks, lines and shares of a difference in the form that every door gives out. Pure."""

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from roundhouse.model.change import AgentShare, ChangeTotals, DiffLine, FileChange, Hunk
from roundhouse.workspace.comparison import ChangedFile
from roundhouse.workspace.delta import GITLINK
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
    modes = (entry.old_mode, entry.new_mode)
    told = modes[0] != modes[1] or modes[0] in SPECIAL
    old_mode, new_mode = (mode if told and mode != NO_MODE else None for mode in modes)
    return FileChange(
        id=file.id,
        path=shown(entry.path),
        old_path=None if entry.old_path is None else shown(entry.old_path),
        operation=entry.operation,
        additions=additions,
        deletions=deletions,
        agents=_shares(file),
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
        for (_kind, author), count in wanted.made(file).items():
            lines[author.agent] += count
    return ChangeTotals(
        files=number, additions=additions, deletions=deletions, agents=_as_shares(lines)
    )


def _shares(file: ChangedFile) -> list[AgentShare]:
    lines: Counter[str | None] = Counter()
    for (_kind, author), number in file.made().items():
        lines[author.agent] += number
    if lines.total():
        return _as_shares(lines)
    agents = sorted({author.agent for author in file.authors}, key=lambda name: name or "")
    return [AgentShare(agent, 0, round(1 / len(agents), 4)) for agent in agents]


def _as_shares(lines: Counter[str | None]) -> list[AgentShare]:
    total = lines.total()
    return [
        AgentShare(agent, number, round(number / total, 4))
        for agent, number in lines.most_common()
        if number
    ]
