"""The words told to an agent that was away: complete where short, bounded where long."""

from datetime import UTC, datetime

import pytest

from roundhouse.model.event import (
    ChangedFile,
    Event,
    EventBody,
    Reviewed,
    Rewound,
    TaskCreated,
    TaskEnded,
    Text,
    encode_body,
)
from roundhouse.model.task import TaskStatus
from roundhouse.runner.handover import (
    HANDOVER_CHARS,
    HISTORY_CHARS,
    Exchange,
    exchanges,
    handover,
    history,
    is_command,
    missing_inputs,
    taken_back,
    with_inputs,
)


def log(*entries: tuple[str, str, EventBody]) -> list[Event]:
    """Events of a session from (task, agent, body)."""
    return [
        Event("s", seq, datetime.now(UTC), task, agent, encode_body(body))
        for seq, (task, agent, body) in enumerate(entries, 1)
    ]


def by_person(*bodies: EventBody) -> list[Event]:
    """Events that belong to no task."""
    return [
        Event("s", seq, datetime.now(UTC), None, None, encode_body(body))
        for seq, body in enumerate(bodies, 1)
    ]


def ended(status: TaskStatus = TaskStatus.COMPLETED) -> TaskEnded:
    """An end."""
    return TaskEnded(status=status)


def test_exchanges_are_the_ended_tasks_in_the_order_of_their_ends() -> None:
    """One that still runs is no story yet; pieces of a message are joined, messages parted."""
    told = exchanges(
        log(
            ("1", "a", TaskCreated(input="first", agent="a")),
            ("2", "b", TaskCreated(input="second", agent="b")),
            ("1", "a", Text(text="Hel", message_id="m1")),
            ("1", "a", Text(text="lo.", message_id="m1")),
            ("1", "a", Text(text="Bye.", message_id="m2")),
            ("1", "a", ended()),
            ("2", "b", Text(text="not yet")),
        )
    )
    assert [(e.task_id, e.asked, "".join(e.said)) for e in told] == [
        ("1", "first", "Hello.\n\nBye.")
    ]


def test_a_question_asked_before_the_first_event_is_put_in() -> None:
    """The task was queued while the agent itself still worked."""
    told = exchanges(log(("7", "b", Text(text="done")), ("7", "b", ended())))
    assert missing_inputs(told) == ["7"]
    with_inputs(told, {"7": "the question"})
    assert told[0].asked == "the question"


def test_a_handover_says_who_said_what_and_which_files_moved() -> None:
    """It ends in a newline, so that the person's text starts its own line."""
    text = handover(
        [Exchange("1", "codex", "fix it", ["fixed"], None, TaskStatus.FAILED)],
        [ChangedFile("src/app.py", "edit", 3, 1)],
    )
    assert text is not None
    assert text.endswith("\n")
    for part in ("codex was asked:\n> fix it\n", "> fixed", "failed", "edit src/app.py +3 -1"):
        assert part in text


def test_what_the_person_took_back_is_told_and_an_accept_is_not() -> None:
    """Rewinds, rejections and what was undone, each in a line; the note stays bounded."""
    bodies: list[EventBody] = [
        Rewound(checkpoint_id="1", title="after “fix it”", files=["a.py", "b.py"]),
        Rewound(checkpoint_id="2", title="“Your own edits”"),
        Reviewed(verdict="accepted", files=["c.py"]),
        Reviewed(verdict="rejected", files=["d.py"]),
        Reviewed(verdict="undone", files=["d.py"]),
    ]
    told = taken_back(by_person(*bodies))
    assert told == [
        "The person took the files back to how they were after “fix it”. That changed: a.py, b.py.",
        "The person took the files back to how they were at “Your own edits”. That changed: nothing.",
        "The person rejected changes in: d.py. They are undone in the files.",
        "The person took the last verdict on d.py back.",
    ]
    text = handover([], [], told)
    assert text is not None
    assert all(line in text for line in told)
    long = Reviewed(verdict="rejected", files=["x" * 5_000])
    many = taken_back(by_person(*[long] * 500))
    assert len(handover([], [], many) or "") <= HANDOVER_CHARS


def test_nothing_happened_means_no_note() -> None:
    """Neither words nor files."""
    assert handover([], []) is None
    assert history([], [], "me") is None


@pytest.mark.parametrize("turns", [1, 5, 200])
def test_notes_are_bounded_and_keep_the_latest(turns: int) -> None:
    """What does not fit is counted, not cut in silence."""
    told = [
        Exchange(str(n), "b", f"question {n} " + "q" * 5_000, [f"answer {n} " + "a" * 5_000])
        for n in range(turns)
    ]
    files = [ChangedFile(f"{'d' * 90}/{n}.py", "create", 1, 0) for n in range(500)]
    for text, most in (
        (handover(told, []), HANDOVER_CHARS),
        (history(told, files, "b"), HISTORY_CHARS),
    ):
        assert text is not None
        assert len(text) <= most
        assert f"question {turns - 1} " in text
        assert ("left out" in text) == (turns > 1 and "question 0 " not in text)


@pytest.mark.parametrize(
    ("text", "command"),
    [("/help", True), ("/init now", True), ("/usr/bin is full", False), ("what is /help", False)],
)
def test_a_command_is_known_by_its_first_word(text: str, command: bool) -> None:
    """A path is none."""
    assert is_command(text) is command
