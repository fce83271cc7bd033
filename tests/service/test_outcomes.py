"""What is described to clients is what a node says."""

from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct

from roundhouse.model.errors import RoundhouseError
from roundhouse.service import outcomes
from roundhouse.service.outcomes import SeenOutcome, read_outcome
from roundhouse.workspace import apply, commit, merge


@pytest.mark.parametrize(
    ("said", "described"),
    [
        (apply.AppliedFile, outcomes.AppliedFile),
        (merge.ApplyConflict, outcomes.ApplyConflict),
        (merge.Side, outcomes.ConflictSide),
        (commit.Made, outcomes.CommitOutcome),
    ],
)
def test_the_node_and_the_description_have_the_same_fields(
    said: type[Struct], described: type[Struct]
) -> None:
    """Neither has one that the other lacks."""

    def names(kind: type[Struct]) -> set[str]:
        return {field.name for field in msgspec.structs.fields(kind)}

    assert names(said) == names(described)


def test_every_kind_of_conflict_is_described() -> None:
    """And no other."""
    assert set(get_args(outcomes.ConflictKind)) == set(get_args(merge.ConflictKind))


@pytest.mark.parametrize("told", [{"marked": "many"}, {"marked": None}])
def test_an_answer_that_cannot_be_read_is_an_error_of_ours(told: dict[str, Any]) -> None:
    """Never half an answer."""
    with pytest.raises(RoundhouseError) as caught:
        read_outcome(told, SeenOutcome)
    assert caught.value.code == "internal"


def test_what_a_newer_node_says_beside_is_left_out() -> None:
    """Fields may be added."""
    assert read_outcome({"marked": 2, "more": [1]}, SeenOutcome) == SeenOutcome(marked=2)
