"""What was done with a session's changes, as `attach` and `logs` tell it."""

import pytest

from roundhouse.cli.render import ReviewEvent, review_line
from roundhouse.model.event import (
    AppliedToCheckout,
    ChangedFile,
    Committed,
    RepositoryAction,
    RepositoryMoved,
    Reviewed,
    Rewound,
)

ONE = [ChangedFile(path="a", operation="edit")]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Reviewed(verdict="accepted", files=["a", "b"]), "you accepted 2 files"),
        (Reviewed(verdict="rejected", files=[], hunks=1), "you rejected 1 hunk"),
        (Reviewed(verdict="undone", files=["a"]), "you took the last decision back (1 file)"),
        (AppliedToCheckout(files=ONE), "applied 1 file to your checkout"),
        (AppliedToCheckout(files=ONE, undone=True), "the last apply was taken back (1 file)"),
        (Committed(commit="c" * 40, branch="b", message="m\nn"), "committed cccccccccc on b: m n"),
        (
            Rewound(checkpoint_id="1", files=["a"], title="after “T”"),
            "the files went back to after “T” (1 file)",
        ),
        (Rewound(checkpoint_id="1"), "the files went back (0 files)"),
        (RepositoryMoved(actions=[RepositoryAction("reset", "to x")]), "git: reset to x"),
    ],
)
def test_each_event_is_one_line(event: ReviewEvent, told: str) -> None:
    """Who did what to how much."""
    assert review_line(event) == told
