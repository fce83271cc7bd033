"""Ids, cursors and text on their way into the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.store.rows import (
    decode_cursor,
    encode_cursor,
    number,
    storable_json,
    storable_text,
)


@pytest.mark.parametrize("text", ["", "a", "-1", "1.0", "٣", "9" * 19, "9" * 4000, " 1", "1\n"])
def test_what_is_no_number_names_nothing(text: str) -> None:
    """A strange id is a thing that does not exist, whatever the door let through."""
    with pytest.raises(NotFound):
        number(text, "task")


def test_a_number_is_an_id() -> None:
    """The largest bigint is one."""
    assert number("9223372036854775807", "task") == 2**63 - 1


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_a_cursor_gives_back_its_parts(parts: list[str]) -> None:
    """Whatever they hold."""
    assert decode_cursor(encode_cursor(*parts), len(parts)) == parts


@pytest.mark.parametrize("cursor", ["x", "!!", "bnVsbA", "é", encode_cursor("a")])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    """It names the field."""
    with pytest.raises(InvalidInput) as caught:
        decode_cursor(cursor, 2)

    assert caught.value.field == "cursor"


def test_text_keeps_all_but_what_cannot_be_stored() -> None:
    """Each NUL and each lone surrogate becomes a replacement character."""
    assert storable_text("a\0b\ud83dc\N{GRINNING FACE}ü") == "a�b�c\N{GRINNING FACE}ü"


def test_json_keeps_all_but_what_cannot_be_stored() -> None:
    """Also in keys and deep inside, and a written-out escape stays as it is."""
    assert storable_json({"a\0": ["\ud800", {"b": "\\u0000"}]}) == '{"a�":["�",{"b":"\\\\u0000"}]}'
