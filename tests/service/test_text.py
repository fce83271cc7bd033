"""Text, whichever door it comes through."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from roundhouse.model.errors import InvalidInput, TooLarge
from roundhouse.service.text import INPUT_MAX, TITLE_FROM_PROMPT, UNTITLED, clean, prompt, title_of


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"])
def test_what_no_column_holds_is_refused(text: str) -> None:
    """NUL characters and lone surrogates, with the field's name."""
    with pytest.raises(InvalidInput) as caught:
        clean(text, "name")
    assert caught.value.field == "name"
    assert clean("a\n\tb 🚂", "name") == "a\n\tb 🚂"


def test_a_prompt_is_measured_in_bytes() -> None:
    """Exactly the limit is allowed."""
    assert prompt("x" * INPUT_MAX)
    for text in ("x" * (INPUT_MAX + 1), "é" * (INPUT_MAX // 2 + 1)):
        with pytest.raises(TooLarge):
            prompt(text)
    for text in ("", " \n\t"):
        with pytest.raises(InvalidInput):
            prompt(text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Fix it", "Fix it"),
        ("\n\n  Fix \t it \nand more", "Fix it"),
        ("x" * 200, "x" * 79 + "…"),
        (" \n ", UNTITLED),
    ],
)
def test_a_title_is_the_first_line_that_says_something(text: str, title: str) -> None:
    """Cut to fit."""
    assert title_of(text) == title


@given(some.text())
def test_a_title_is_never_empty_nor_too_long(text: str) -> None:
    """Nor of several lines."""
    title = title_of(text)
    assert 0 < len(title) <= TITLE_FROM_PROMPT
    assert len(title.splitlines()) == 1
