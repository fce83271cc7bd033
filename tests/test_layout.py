"""The size budgets and the shape of the tree, so that prose and code cannot drift apart."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src" / "roundhouse").rglob("*.py"))
MODULE_LINES = 400
FUNCTION_LINES = 60


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_owns_and_stays_readable(path: Path) -> None:
    """A docstring, at most 400 lines, functions of at most 60."""
    text = path.read_text()
    tree = ast.parse(text)

    assert not text.strip() or ast.get_docstring(tree), "no docstring"
    assert len(text.splitlines()) <= MODULE_LINES
    long = {
        node.name: lines
        for node in functions(tree)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert not long


def test_every_package_with_code_has_tests() -> None:
    """tests/ mirrors src/."""
    packages = {p.name for p in (ROOT / "src" / "roundhouse").iterdir() if p.is_dir()}
    tested = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir()}

    assert packages - {"__pycache__"} <= tested


def test_the_repository_names_no_host_of_a_registry() -> None:
    """Lock files carry hashes, not addresses."""
    locks = [*ROOT.glob("requirements*.lock"), *ROOT.glob("tests/agents-package/*.json")]

    assert locks
    for lock in locks:
        assert "http://" not in lock.read_text(), lock.name
        assert '"resolved"' not in lock.read_text(), lock.name
