"""The real agents as tests run them: pinned, offline, each in a home of its own, with the scripted model behind.

Installed by `tests/agents-package/install.sh`. The same settings serve backends (`Real.spec`) and whole stacks
(`agents_toml`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from roundhouse.model.agent import AgentSpec
from roundhouse.model.session import BackendKind

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".agents"
MODULES = INSTALLED / "node_modules"
NODE = str(INSTALLED / "bin" / "node")
PATH = f"{INSTALLED / 'bin'}:/usr/local/bin:/usr/bin:/bin"
"""The pinned Node before any other; the system's folders for git and the shell."""

NAMES = ("opencode", "opencode-acp", "goose", "qwen", "claude")
Json = dict[str, Any]


class Real(Struct, frozen=True, kw_only=True):
    """A real agent, ready to be run: `files` are already written under its home."""

    spec: AgentSpec
    home: Path


def installed() -> bool:
    """Whether the pinned agents are there."""
    return (INSTALLED / "stamp").exists()


def real(name: str, home: Path, model_url: str, *, permission: bool = True) -> Real:
    """One of NAMES with its settings written under `home`; without `permission` opencode asks nothing."""
    make = {
        "opencode": _opencode,
        "opencode-acp": _opencode,
        "goose": _goose,
        "qwen": _qwen,
        "claude": _claude,
    }[name]
    home.mkdir(parents=True, exist_ok=True)
    command, env, files = make(model_url)
    if name == "opencode-acp":
        command = [*command, "acp"]
    if name.startswith("opencode") and not permission:
        env["OPENCODE_CONFIG_CONTENT"] = json.dumps(_opencode_config(model_url, "allow"))
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    spec = AgentSpec(
        name=name,
        kind=BackendKind.OPENCODE_SERVER if name == "opencode" else BackendKind.ACP_WARM,
        label=name,
        command=command,
        env={**_home(home), **env},
        usage={"goose": "last_call", "qwen": "none", "opencode-acp": "last_call"}.get(name, "turn"),  # type: ignore[arg-type]
    )
    return Real(spec=spec, home=home)


def agents_toml(agents: Mapping[str, Real]) -> str:
    """The catalog file that makes a whole Roundhouse use these."""
    parts = []
    for name, agent in agents.items():
        lines = [f"[agents.{name}]", f'kind = "{agent.spec.kind}"', f'label = "{name}"']
        lines += [f"command = {json.dumps(agent.spec.command)}", f'usage = "{agent.spec.usage}"']
        env = [f"{key} = {json.dumps(value)}" for key, value in agent.spec.env.items()]
        parts.append("\n".join([*lines, f"[agents.{name}.env]", *env]))
    return "\n\n".join(parts) + "\n"


def _home(home: Path) -> dict[str, str]:
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "TMPDIR": str(temporary),
        "PATH": PATH,
        # Agents may ask a proxy of the machine for the loopback.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _opencode_config(model_url: str, permission: str) -> Json:
    models = {
        "m1": {
            "name": "M One",
            "tool_call": True,
            "reasoning": True,
            "limit": {"context": 200000, "output": 8192},
            "cost": {"input": 1, "output": 2},
        },
        "m2": {
            "name": "M Two",
            "tool_call": True,
            "limit": {"context": 100000, "output": 8192},
        },
    }
    return {
        "autoupdate": False,
        "share": "disabled",
        "enabled_providers": ["scripted"],
        "model": "scripted/m1",
        "small_model": "scripted/m1",
        "snapshot": False,
        "provider": {
            "scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "Scripted",
                "options": {"baseURL": f"{model_url}/v1", "apiKey": "k"},
                "models": models,
            }
        },
        "permission": {"edit": permission, "bash": permission, "webfetch": "deny"},
    }


Settings = tuple[list[str], dict[str, str], dict[str, str]]
"""Command, environment, files under the home."""


def _opencode(model_url: str) -> Settings:
    env = {
        "OPENCODE_CONFIG_CONTENT": json.dumps(_opencode_config(model_url, "ask")),
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_SHARE": "1",
        "npm_config_offline": "true",
    }
    return [str(MODULES / "opencode-ai/bin/opencode.exe")], env, {}


def _goose(model_url: str) -> Settings:
    env = {
        "OPENAI_API_KEY": "k",
        "OPENAI_HOST": model_url,
        "OPENAI_BASE_PATH": "v1/chat/completions",
        "GOOSE_DISABLE_KEYRING": "1",
        "GOOSE_TELEMETRY_OFF": "1",
    }
    config = """GOOSE_PROVIDER: openai
GOOSE_MODEL: scripted
GOOSE_MODE: approve
GOOSE_TELEMETRY_ENABLED: false
extensions:
  developer: {enabled: true, type: builtin, name: developer, timeout: 300}
"""
    binary = next(iter(sorted(MODULES.glob("@aaif/goose-binary-*/bin/goose"))), MODULES / "goose")
    return [str(binary), "acp"], env, {".config/goose/config.yaml": config}


def _qwen(model_url: str) -> Settings:
    env = {
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": f"{model_url}/v1",
        "OPENAI_MODEL": "scripted",
        "QWEN_CODE_NO_RELAUNCH": "true",
    }
    provider = {
        "id": "scripted",
        "name": "Scripted",
        "baseUrl": f"{model_url}/v1",
        "envKey": "OPENAI_API_KEY",
    }
    settings = {
        "$version": 3,
        "general": {
            "enableAutoUpdate": False,
            "disableAutoUpdate": True,
            "disableUpdateNag": True,
        },
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "scripted"},
        "tools": {"approvalMode": "default"},
        "modelProviders": {"openai": [provider]},
    }
    script = str(MODULES / "@qwen-code/qwen-code/cli-entry.js")
    return [NODE, script, "--acp"], env, {".qwen/settings.json": json.dumps(settings)}


def _claude(model_url: str) -> Settings:
    env = {
        "ANTHROPIC_BASE_URL": model_url,
        "ANTHROPIC_AUTH_TOKEN": "k",
        "ANTHROPIC_API_KEY": "",
        "ANTHROPIC_MODEL": "claude-sonnet-4-5",
        "ANTHROPIC_SMALL_FAST_MODEL": "claude-haiku-4-5",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_BUG_COMMAND": "1",
        # A container may set it: claude then wants to skip permissions and refuses that to root.
        "IS_SANDBOX": "",
    }
    script = str(MODULES / "@agentclientprotocol/claude-agent-acp/dist/index.js")
    return [NODE, script], env, {}
