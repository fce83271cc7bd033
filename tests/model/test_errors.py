"""What an error carries beside its sentence."""

from roundhouse.model.errors import Conflict


def test_an_error_carries_facts_for_a_program() -> None:
    """Beside the sentence for a person."""
    error = Conflict("No.", code="apply_conflict", details={"conflicts": [{"path": "a"}]})

    assert (error.code, error.details) == ("apply_conflict", {"conflicts": [{"path": "a"}]})
    assert Conflict().details is None
