"""The one line about a quiet turn, on a clock that the test moves."""

import pytest

from roundhouse.model.event import Activity, Text, ToolCall, ToolUpdate
from roundhouse.runner.watchdog import Watch, Watchdog


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_silence_is_told_in_steps() -> None:
    """Nothing at first, then in half minutes, then in minutes."""
    clock = Clock()
    watch = Watch("s", clock)
    lines = []
    for clock.now in (10.0, 31.0, 59.0, 95.0, 200.0, 8_000.0):
        lines.append(watch.line())
    assert lines == [
        None,
        "silent for 30 s",
        "silent for 30 s",
        "silent for 90 s",
        "silent for 3 min",
        "silent for 2 h",
    ]
    watch.saw(Text(text="x"))
    assert watch.line() is None


def test_a_long_tool_is_named() -> None:
    """The one that runs longest, until it ends."""
    clock = Clock()
    watch = Watch("s", clock)
    watch.saw(ToolCall(id="1", title="Run the tests"))
    clock.now = 30.0
    watch.saw(ToolUpdate(id="1", status="in_progress"))
    assert watch.line() is None
    clock.now = 720.0
    assert watch.line() == "tool Run the tests running 12 min"
    watch.saw(ToolUpdate(id="1", status="completed"))
    assert watch.line() is None


def test_waiting_for_a_person_comes_first() -> None:
    """Whatever else is slow, it is the person who must move."""
    clock = Clock()
    watch = Watch("s", clock)
    clock.now = 100.0
    with watch.asking():
        assert watch.line() == "waiting for an answer"
    assert watch.line() is None


def test_set_up_is_shown_at_once() -> None:
    """Its progress is the line."""
    watch = Watch("s", Clock())
    watch.saw(Activity(text="Setup: fetching"))
    assert watch.line() == "Setup: fetching"
    watch.saw(Text(text="hi"))
    assert watch.line() is None


async def test_a_line_is_written_only_when_it_changes() -> None:
    """Two looks at the same silence are one write."""
    written: list[tuple[str, str | None]] = []

    async def show(session_id: str, text: str | None) -> None:
        written.append((session_id, text))

    clock = Clock()
    dog = Watchdog(show)
    watch = dog.begin("s")
    watch.clock = clock
    watch.last = 0.0
    for clock.now in (1.0, 40.0, 45.0, 70.0):
        await dog.look()
    dog.end(watch)
    clock.now = 1_000.0
    await dog.look()
    assert written == [("s", "silent for 30 s"), ("s", "silent for 60 s")]


@pytest.mark.parametrize("title", ["", None])
def test_a_tool_without_a_title_is_a_call(title: str | None) -> None:
    """There is always something to say."""
    clock = Clock()
    watch = Watch("s", clock)
    watch.saw(ToolUpdate(id="1", title=title, status="in_progress"))
    clock.now = 61.0
    assert watch.line() == "tool call running 60 s"
