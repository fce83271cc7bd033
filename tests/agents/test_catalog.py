"""The catalog and its file."""

from pathlib import Path

import pytest

from roundhouse.agents.catalog import BUILT_IN, load_catalog
from roundhouse.model.agent import AgentSpec
from roundhouse.model.session import BackendKind


def written(folder: Path, text: str) -> Path:
    """A data folder with this agents.toml."""
    (folder / "agents.toml").write_text(text)
    return folder


def test_without_a_file_the_built_in_agents_are_there(tmp_path: Path) -> None:
    """All of them, without a problem."""
    catalog = load_catalog(tmp_path)

    assert {"opencode", "claude", "codex", "gemini", "qwen", "goose", "demo"} <= set(catalog.agents)
    assert catalog.agents["opencode"].kind is BackendKind.OPENCODE_SERVER
    assert catalog.problems == []


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: spec.name)
def test_each_built_in_agent_can_be_installed_by_its_hint(spec: AgentSpec) -> None:
    """Or comes with Roundhouse."""
    assert spec.install_hint or spec.name == "demo"


def test_the_file_adds_an_agent(tmp_path: Path) -> None:
    """Kind and label have defaults."""
    catalog = load_catalog(written(tmp_path, '[agents.mine]\ncommand = ["my-agent", "--acp"]\n'))

    mine = catalog.agents["mine"]
    assert (mine.name, mine.label, mine.kind) == ("mine", "mine", BackendKind.ACP_WARM)
    assert mine.command == ["my-agent", "--acp"]


def test_the_file_changes_a_built_in_agent(tmp_path: Path) -> None:
    """What it does not say stays; variables are added."""
    text = "[agents.qwen]\nenabled = false\n[agents.qwen.env]\nOPENAI_MODEL = 'm'\n"

    qwen = load_catalog(written(tmp_path, text)).agents["qwen"]

    assert not qwen.enabled
    assert qwen.command == ["qwen", "--acp"]
    assert qwen.env == {"QWEN_CODE_NO_RELAUNCH": "true", "OPENAI_MODEL": "m"}


def test_another_program_needs_neither_our_node_nor_our_hint(tmp_path: Path) -> None:
    """Whoever names the command knows where it comes from."""
    catalog = load_catalog(written(tmp_path, '[agents.qwen]\ncommand = ["/opt/qwen"]\n'))

    assert not catalog.agents["qwen"].node_script
    assert catalog.agents["qwen"].install_hint == ""
    assert catalog.agents["qwen"].usage == "none"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[agents", "cannot be read"),
        ("agents = 3", "must hold tables"),
        ("[agents]\nmine = 3", "it is not a table"),
        ("[agents.mine]\nlabel = 'x'", "command"),
        ("[agents.mine]\ncommand = []", "`command` is empty"),
        ("[agents.mine]\ncommand = ['x']\ncolour = 'red'", "unknown settings: colour"),
        ("[agents.mine]\ncommand = ['x']\nname = 'other'", "unknown settings: name"),
        ("[agents.mine]\ncommand = ['x']\nkind = 'telnet'", "telnet"),
        ("[agents.mine]\ncommand = ['x']\nsandbox = 'worktree'", "not available"),
        ("[agents.'My Agent']\ncommand = ['x']", "a name is"),
    ],
)
def test_a_mistake_is_a_problem_and_the_rest_works(tmp_path: Path, text: str, told: str) -> None:
    """One sentence that names the place; the other agents are there."""
    catalog = load_catalog(written(tmp_path, text))

    assert len(catalog.problems) == 1
    assert told in catalog.problems[0]
    assert set(catalog.agents) == {spec.name for spec in BUILT_IN}


def test_a_folder_in_the_files_place_is_a_problem(tmp_path: Path) -> None:
    """Never an exception."""
    (tmp_path / "agents.toml").mkdir()

    assert len(load_catalog(tmp_path).problems) == 1


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    """Never an exception."""
    (tmp_path / "agents.toml").write_bytes(b"\xff\xfe\x00")

    assert len(load_catalog(tmp_path).problems) == 1
