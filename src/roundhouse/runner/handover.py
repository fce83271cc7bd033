"""What an agent is told about the time it was away, and what it is told when its memory is gone.

Pure: builds bounded text from rows and events that others read. Decides what is worth telling; not when.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from roundhouse.model.event import (
    ChangedFile,
    Event,
    Reviewed,
    Rewound,
    TaskCreated,
    TaskEnded,
    Text,
)
from roundhouse.model.task import TaskStatus

HANDOVER_CHARS = 4_000
"""A preface, not a transcript: it is paid for in every agent's context."""

HISTORY_CHARS = 16_000
"""A lost memory is worth more, but not the whole context."""

QUESTION_CHARS = 600
ANSWER_CHARS = 1_200
FILES = 40

TAKEN_BACK = 10
NAMED = 300

TYPES = ("task_created", "text", "task_ended", "rewound", "reviewed")
"""The events a story is made of."""

_COMMAND = re.compile(r"/[\w.:-]+(\s|$)")


@dataclass
class Exchange:
    """One ended task: what was asked and what was said."""

    task_id: str
    agent: str
    asked: str | None = None
    said: list[str] = field(default_factory=list)
    message: str | None = None
    status: TaskStatus | None = None


def is_command(text: str) -> bool:
    """Whether a prompt is a slash command, which an agent knows only at the very beginning."""
    return _COMMAND.match(text) is not None


def exchanges(events: Iterable[Event]) -> list[Exchange]:
    """The ended tasks among the events, in the order in which they ended.

    `asked` is None where the task was queued before the first of the events.
    """
    open_: dict[str, Exchange] = {}
    ended: list[Exchange] = []
    for event in events:
        if event.task_id is None:
            continue
        exchange = open_.setdefault(event.task_id, Exchange(event.task_id, event.agent or ""))
        match event.body():
            case TaskCreated(input=text, agent=agent):
                exchange.asked, exchange.agent = text, agent
            case Text(text=text, message_id=message):
                if message != exchange.message and exchange.said:
                    exchange.said.append("\n\n")
                exchange.message = message
                exchange.said.append(text)
            case TaskEnded(status=status):
                exchange.status = status
                ended.append(open_.pop(event.task_id))
            case _:
                pass
    return ended


def taken_back(events: Iterable[Event]) -> list[str]:
    """What the person took back, in words, in order: turns that were rewound, changes that were rejected."""
    told: list[str] = []
    for event in events:
        match event.body():
            case Rewound(title=title, files=files):
                state = _short(title or "an earlier checkpoint", NAMED)
                at = "" if state.startswith(("after ", "before ")) else "at "
                told.append(
                    f"The person took the files back to how they were {at}{state}."
                    f" That changed: {_named(files)}."
                )
            case Reviewed(verdict="rejected", files=files):
                told.append(
                    f"The person rejected changes in: {_named(files)}. They are undone in the files."
                )
            case Reviewed(verdict="undone", files=files):
                told.append(f"The person took the last verdict on {_named(files)} back.")
            case _:
                pass
    return told


def handover(
    others: Sequence[Exchange], files: Sequence[ChangedFile], taken: Sequence[str] = ()
) -> str | None:
    """The preface for an agent that was away; None when nothing happened. Ends in a newline."""
    if not others and not files and not taken:
        return None
    head = (
        "[Note from Roundhouse, not from the person: since your last turn in this session, others worked"
        " in this same working directory.]\n"
    )
    tail = "\n[End of the note. The person's message follows.]\n"
    changed = _taken(taken) + _files(files)
    room = HANDOVER_CHARS - len(head) - len(tail) - len(changed)
    return head + _told(others, room) + changed + tail


def history(
    all_: Sequence[Exchange],
    files: Sequence[ChangedFile],
    me: str,
    taken: Sequence[str] = (),
) -> str | None:
    """The preface for an agent whose own memory could not be loaded; None when there is none to tell."""
    if not all_:
        return None
    head = (
        f"[Note from Roundhouse, not from the person: your memory of this session could not be loaded."
        f" This is what happened so far; where it says {me}, that was you.]\n"
    )
    tail = "\n[End of the history. The person's message follows.]\n"
    changed = _taken(taken) + _files(files)
    room = HISTORY_CHARS - len(head) - len(tail) - len(changed)
    return head + _told(all_, room) + changed + tail


def _told(all_: Sequence[Exchange], room: int) -> str:
    """The latest exchanges that fit, oldest first; says how many were left out."""
    parts: list[str] = []
    left = room - len(_left_out(len(all_)))
    for exchange in reversed(all_):
        part = _exchange(exchange)
        if len(part) > left:
            break
        parts.append(part)
        left -= len(part)
    missing = len(all_) - len(parts)
    return (_left_out(missing) if missing else "") + "".join(reversed(parts))


def _left_out(count: int) -> str:
    return f"\n({count} earlier turns are left out.)\n"


def _exchange(exchange: Exchange) -> str:
    asked = _short(_quoted(exchange.asked or ""), QUESTION_CHARS)
    said = _short(_quoted("".join(exchange.said)), ANSWER_CHARS, end=True)
    how = "" if exchange.status in (None, TaskStatus.COMPLETED) else f" (turn {exchange.status})"
    answer = (
        f"{exchange.agent} answered{how}:\n{said}\n"
        if said
        else f"{exchange.agent} said nothing{how}.\n"
    )
    return f"\n{exchange.agent} was asked:\n{asked}\n{answer}"


def _quoted(text: str) -> str:
    """Each line marked as somebody else's words: none of them is meant for the reader to follow."""
    return "".join(f"> {line}\n" for line in text.strip().splitlines()).rstrip("\n")


def _taken(taken: Sequence[str]) -> str:
    """The latest of it."""
    if not taken:
        return ""
    left = len(taken) - TAKEN_BACK
    first = [f"({left} earlier ones are left out.)\n"] if left > 0 else []
    return "\n" + "".join([*first, *(f"{line}\n" for line in taken[-TAKEN_BACK:])])


def _named(files: Sequence[str]) -> str:
    return _short(", ".join(files), NAMED) if files else "nothing"


def _files(files: Sequence[ChangedFile]) -> str:
    if not files:
        return ""
    added = sum(file.additions for file in files)
    deleted = sum(file.deletions for file in files)
    lines = [f"\nFiles changed since ({len(files)} files, +{added} -{deleted}):\n"]
    lines += [
        f"  {file.operation} {_short(file.path, 60, end=True)} +{file.additions} -{file.deletions}\n"
        for file in files[:FILES]
    ]
    if len(files) > FILES:
        lines.append(f"  and {len(files) - FILES} more\n")
    return "".join(lines)


def _short(text: str, most: int, *, end: bool = False) -> str:
    """At most so many characters, from the beginning, or with `end` from the end."""
    if len(text) <= most:
        return text
    return "…" + text[-(most - 1) :] if end else text[: most - 1] + "…"


def missing_inputs(all_: Iterable[Exchange]) -> list[str]:
    """The tasks whose question is not among the events."""
    return [exchange.task_id for exchange in all_ if exchange.asked is None]


def with_inputs(all_: Iterable[Exchange], inputs: Mapping[str, str]) -> None:
    """Put the missing questions in."""
    for exchange in all_:
        if exchange.asked is None:
            exchange.asked = inputs.get(exchange.task_id)
