"""The shape of every list. Knows nothing of what is in it."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

LIMIT = 100
LIMIT_MAX = 1000


class Page(Struct, Generic[T], frozen=True):
    """A part of a list; `next_cursor` gives the next part, or is null at the end."""

    items: list[T]
    next_cursor: str | None = None
