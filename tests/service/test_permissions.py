"""What a remembered answer covers."""

from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from roundhouse.model.permission import Permission, PermissionStatus
from roundhouse.service.permissions import matcher_of

NOW = datetime.now(UTC)


def asked(title: str, detail: dict[str, Any]) -> Permission:
    """A request."""
    return Permission(
        id="1",
        session_id="s",
        task_id="2",
        agent="demo",
        kind="permission",
        title=title,
        detail=detail,
        options=[],
        status=PermissionStatus.PENDING,
        created_at=NOW,
        expires_at=NOW,
    )


@pytest.mark.parametrize(
    ("title", "detail", "matcher"),
    [
        ("Run it", {}, "*:Run it"),
        ("Run it", {"tool": "execute"}, "execute:Run it"),
        ("Run it", {"tool": "execute", "pattern": "npm *"}, "execute:npm [*]"),
        ("Run it", {"tool": "mcp:x"}, "*:Run it"),
    ],
)
def test_it_covers_the_same_tool_and_the_same_thing(
    title: str, detail: dict[str, Any], matcher: str
) -> None:
    """Nothing that merely looks alike."""
    assert matcher_of(asked(title, detail)) == matcher


@given(some.text(min_size=1), some.text(min_size=1))
def test_a_remembered_title_matches_itself_only(title: str, other: str) -> None:
    """Whatever characters it holds."""
    glob = matcher_of(asked(title, {})).partition(":")[2]
    assert fnmatchcase(title, glob)
    assert fnmatchcase(other, glob) == (title == other)
