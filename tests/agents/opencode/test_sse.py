"""The event parser gives whole events, however the bytes come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roundhouse.agents.opencode.sse import EventParser, EventTooLong

STREAM = b'event: x\ndata: {"a": 1}\n\n: heartbeat\n\ndata: one\r\ndata: two\r\n\r\ndata:three\n\n'


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_do_not_depend_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    """Any cut of the stream gives the same three events."""
    parser = EventParser()
    edges = [0, *sorted(cuts), len(STREAM)]
    events = [event for start, end in pairwise(edges) for event in parser.feed(STREAM[start:end])]

    assert events == [b'{"a": 1}', b"one\ntwo", b"three"]


def test_an_unfinished_event_waits() -> None:
    """Nothing comes before the empty line."""
    parser = EventParser()

    assert parser.feed(b"data: half") == []
    assert parser.feed(b" done\n") == []
    assert parser.feed(b"\n") == [b"half done"]


def test_an_endless_event_is_a_fault() -> None:
    """Memory stays bounded."""
    parser = EventParser(limit=10)

    with pytest.raises(EventTooLong):
        parser.feed(b"data: " + b"x" * 20)
