"""The catalog: which agents there are, how each is started and what is odd about it. Data, and reading of data.

Built in are the agents we know; `agents.toml` in the data folder adds others and changes these. A mistake in it is
a problem to show, never an exception, and costs only the entry it is in.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from roundhouse.model.agent import AgentSpec
from roundhouse.model.session import BackendKind

FILE_NAME = "agents.toml"

SETTINGS = frozenset(AgentSpec.__struct_fields__) - {"name"}
"""What an entry may say; the name is the table's."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_ACP = BackendKind.ACP_WARM

BUILT_IN: tuple[AgentSpec, ...] = (
    AgentSpec(
        name="opencode",
        kind=BackendKind.OPENCODE_SERVER,
        label="opencode",
        command=["opencode"],
        env={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_ENABLE_QUESTION_TOOL": "1"},
        install_hint="npm install -g opencode-ai",
    ),
    AgentSpec(
        name="claude",
        kind=_ACP,
        label="Claude Code",
        command=["claude-agent-acp"],
        env={"DISABLE_AUTOUPDATER": "1"},
        install_hint="npm install -g @agentclientprotocol/claude-agent-acp",
        node_script=True,
    ),
    AgentSpec(
        name="codex",
        kind=_ACP,
        label="Codex",
        command=["codex-acp"],
        install_hint="npm install -g @agentclientprotocol/codex-acp",
        node_script=True,
        # Its own default lets a model judge instead of asking the person.
        default_mode="workspace-write",
    ),
    AgentSpec(
        name="gemini",
        kind=_ACP,
        label="Gemini CLI",
        command=["gemini", "--acp"],
        # Two processes less, and it then obeys SIGTERM.
        env={"GEMINI_CLI_NO_RELAUNCH": "true"},
        install_hint="npm install -g @google/gemini-cli",
        node_script=True,
        # It takes our answer for a missing file as a failure and cannot create files with these methods.
        offer_fs=False,
        # Loading in the clock minute in which the conversation was made destroys it.
        resume_delay=65.0,
    ),
    AgentSpec(
        name="qwen",
        kind=_ACP,
        label="Qwen Code",
        command=["qwen", "--acp"],
        env={"QWEN_CODE_NO_RELAUNCH": "true"},
        install_hint="npm install -g @qwen-code/qwen-code",
        node_script=True,
        usage="none",
    ),
    AgentSpec(
        name="goose",
        kind=_ACP,
        label="goose",
        command=["goose", "acp"],
        install_hint="npm install -g @aaif/goose-acp",
        usage="last_call",
    ),
    AgentSpec(
        name="kimi",
        kind=_ACP,
        label="Kimi Code",
        command=["kimi", "acp"],
        install_hint="npm install -g @moonshot-ai/kimi-code",
        node_script=True,
        usage="none",
    ),
    AgentSpec(
        name="mistral-vibe",
        kind=_ACP,
        label="Mistral Vibe",
        command=["vibe-acp"],
        install_hint="pipx install mistral-vibe",
        usage="cumulative",
    ),
    AgentSpec(
        name="copilot",
        kind=_ACP,
        label="GitHub Copilot CLI",
        command=["copilot", "--acp"],
        env={"COPILOT_AUTO_UPDATE": "false"},
        install_hint="npm install -g @github/copilot",
        usage="cumulative",
    ),
    AgentSpec(
        name="pi",
        kind=_ACP,
        label="pi",
        command=["pi-acp"],
        env={"PI_SKIP_VERSION_CHECK": "1"},
        install_hint="npm install -g pi-acp @earendil-works/pi-coding-agent",
        node_script=True,
        usage="none",
    ),
    AgentSpec(
        name="demo",
        kind=_ACP,
        label="Demo",
        # -P: the worktree it starts in must not provide its modules.
        command=[sys.executable, "-P", "-m", "roundhouse.agents.demo"],
    ),
)


class Catalog(Struct):
    """Agents by name, and what is wrong with the file, in sentences."""

    agents: dict[str, AgentSpec]
    problems: list[str]


def _at_home(spec: AgentSpec, data_dir: Path) -> AgentSpec:
    """The demo agent keeps its memory in our data folder; all others have homes of their own."""
    if spec.name != "demo":
        return spec
    return msgspec.structs.replace(spec, env={"DEMO_HOME": str(data_dir / "demo")})


def load_catalog(data_dir: Path) -> Catalog:
    """The built-in agents, changed and completed by `agents.toml`. Never raises for a broken file."""
    catalog = Catalog({spec.name: _at_home(spec, data_dir) for spec in BUILT_IN}, [])
    path = data_dir / FILE_NAME
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("agents", {})
    except FileNotFoundError:
        return catalog
    except (OSError, ValueError) as error:
        catalog.problems.append(f"{path} cannot be read: {error}")
        return catalog
    if not isinstance(entries, dict):
        catalog.problems.append(f"{path}: `agents` must hold tables such as [agents.mine]")
        return catalog
    for name, entry in entries.items():
        try:
            catalog.agents[name] = _merged(name, entry, catalog.agents.get(name))
        except ValueError as error:  # msgspec's errors are such, too
            catalog.problems.append(f"{path}: [agents.{name}] is left out: {error}")
    return catalog


def _merged(name: str, entry: Any, known: AgentSpec | None) -> AgentSpec:
    if not _NAME.fullmatch(name):
        raise ValueError("a name is lowercase letters, digits, dot, dash and underscore")
    if not isinstance(entry, dict):
        raise ValueError("it is not a table")  # noqa: TRY004 -- reported, not raised further
    unknown = sorted(entry.keys() - SETTINGS)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(unknown)}")
    spec = msgspec.convert({**_defaults(name, entry, known), **entry, "name": name}, AgentSpec)
    if not spec.command or not spec.command[0]:
        raise ValueError("`command` is empty")
    if spec.sandbox != "off":
        raise ValueError('sandbox = "worktree" is not available in this version')
    if known is not None and "env" in entry:
        spec = msgspec.structs.replace(spec, env={**known.env, **spec.env})
    return spec


def _defaults(name: str, entry: Mapping[str, Any], known: AgentSpec | None) -> dict[str, Any]:
    if known is None:
        return {"kind": str(_ACP), "label": name}
    defaults: dict[str, Any] = msgspec.to_builtins(known)
    if "command" in entry:
        # Another program: whether it needs Node, and where it comes from, is the file's to say.
        defaults |= {"node_script": False, "install_hint": ""}
    return defaults
