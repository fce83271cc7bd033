"""How rows become the model's values and back: row factories, ids, cursors, JSON. Knows no table."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec
import psycopg
from psycopg.rows import BaseRowFactory, RowMaker

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.event import Raw, encode_body

T = TypeVar("T")
Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]

_BIGINT_MAX = 2**63 - 1


class _Value(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


def struct_row(cls: type[T]) -> BaseRowFactory[T]:
    """A row factory that makes `cls` of each row, by column name."""

    def factory(cursor: Any) -> RowMaker[T]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> T:
            return msgspec.convert(dict(zip(names, values, strict=True)), cls)

        return make

    return factory


async def fetch(conn: Connection, cls: type[T], query: str, params: Params = ()) -> list[T]:
    """All rows of a query."""
    async with conn.cursor(row_factory=struct_row(cls)) as cursor:
        return await (await cursor.execute(query, params)).fetchall()


async def fetch_one(conn: Connection, cls: type[T], query: str, params: Params = ()) -> T | None:
    """The first row of a query, if there is one."""
    async with conn.cursor(row_factory=struct_row(cls)) as cursor:
        return await (await cursor.execute(query, params)).fetchone()


async def fetch_value(conn: Connection, query: str, params: Params = ()) -> Any:
    """The first column of the first row; None if there is no row."""
    row = await (await conn.execute(query, params)).fetchone()
    return None if row is None else row[0]


async def touch(conn: Connection, session_id: str) -> None:
    """Lock a session's row and mark it changed. Raises NotFound. First in every transaction that locks more."""
    moved = await conn.execute(
        "UPDATE sessions SET updated_at = clock_timestamp() WHERE id = %s", (session_id,)
    )
    if not moved.rowcount:
        raise NotFound(f"There is no session {session_id}.")


def number(text: str, what: str) -> int:
    """The bigint behind an id. Raises NotFound: what is no number names nothing."""
    if text.isascii() and text.isdigit() and (value := int(text[:20])) <= _BIGINT_MAX:
        return value
    raise NotFound(f"There is no {what} {text[:40]!r}.")


def encode_cursor(*parts: str) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> list[str]:
    """The parts given to `encode_cursor`. Raises InvalidInput."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        found = []
    if len(found) != parts:
        raise InvalidInput("The cursor is not one that this list gave out.", field="cursor")
    return found


def storable_text(text: str) -> str:
    """The text as PostgreSQL can hold it: NUL and lone surrogates become U+FFFD."""
    return (
        text.encode("utf-16-le", "surrogatepass")
        .decode("utf-16-le", "replace")
        .replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def storable_json(value: Any) -> str:
    """JSON text as JSONB can hold it; what it cannot hold becomes U+FFFD, as in events."""
    raw = encode_body(Raw(source="", value=value))
    return bytes(msgspec.json.decode(raw, type=_Value).value).decode()
