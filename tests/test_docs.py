"""The documentation names everything that a user can call, set or receive, and nothing that is not there."""

import re
from pathlib import Path

import msgspec
import pytest

from roundhouse.agents.catalog import BUILT_IN, load_catalog
from roundhouse.cli.main import COMMANDS
from roundhouse.config import KEYS
from roundhouse.model.event import EVENT_TYPES
from roundhouse.model.task import FailureCode
from roundhouse.web.routes import ROUTERS

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
HTTP = (REFERENCE / "http.md").read_text()


def test_every_route_is_in_the_reference() -> None:
    """Path and method."""
    told = set()
    for methods, path in re.findall(r"`([A-Z\\|]+) (/[^`? ]*)", HTTP):
        told |= {(method, path) for method in methods.replace("\\", "").split("|")}
    served = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ())
        if route.path != "/"
    }

    assert served - told == set()
    assert told - served == set()


@pytest.mark.parametrize("name", [str(t.__struct_config__.tag) for t in EVENT_TYPES])
def test_every_event_type_is_in_the_reference(name: str) -> None:
    """In the table of events."""
    assert f"`{name}`" in HTTP


def test_every_failure_code_is_in_the_reference() -> None:
    """As users match on them."""
    assert [code for code in FailureCode if f"`{code}`" not in HTTP] == []


def test_every_command_is_in_the_reference() -> None:
    """The listed ones."""
    told = (REFERENCE / "cli.md").read_text()

    assert [
        c for c, (_, line) in COMMANDS.items() if line and not re.search(rf"`{c}\b", told)
    ] == []


def test_every_setting_is_in_the_reference() -> None:
    """With its default and meaning."""
    told = (REFERENCE / "configuration.md").read_text()

    assert [key for key in KEYS if f"`{key}`" not in told] == []


def test_every_agent_of_the_catalog_is_described() -> None:
    """And no other."""
    told = re.findall(
        r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "agents.md").read_text(), re.MULTILINE
    )

    assert sorted(told) == sorted(spec.name for spec in BUILT_IN)


def test_the_glossary_points_at_files_that_exist() -> None:
    """A stranger finds each word in the place it names."""
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    places = re.findall(r"`([a-z_]+/[a-z_/]+\.py|[a-z_]+/)`", glossary)

    assert places
    assert [place for place in places if not (ROOT / "src/roundhouse" / place).exists()] == []


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *ROOT.glob("docs/**/*.md")], ids=lambda p: p.name
)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a page."""
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_example_of_the_configuration_is_a_catalog(tmp_path: Path) -> None:
    """What the page shows can be used as it is."""
    page = (REFERENCE / "configuration.md").read_text()
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    (tmp_path / "agents.toml").write_text(example[1])
    catalog = load_catalog(tmp_path)

    assert catalog.problems == []
    assert msgspec.to_builtins(catalog.agents["mine"])["models"] == ["a", "b"]
