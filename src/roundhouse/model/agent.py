"""Agents as the catalog and the probe describe them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from roundhouse.model.event import Command
from roundhouse.model.session import BackendKind


class AgentSpec(Struct, frozen=True, kw_only=True):
    """An agent is data: how to start it and what is odd about it."""

    name: str
    kind: BackendKind
    label: str
    command: list[str]
    env: dict[str, str] = {}
    enabled: bool = True
    models: list[str] | None = None
    sandbox: Literal["off", "worktree"] = "off"
    install_hint: str = ""
    node_script: bool = False
    """The command's first word is a Node program (needs `node` to start)."""
    offer_fs: bool = True
    """Offer the client's file methods. Off for agents that break with them."""
    offer_terminal: bool = True
    default_mode: str | None = None
    """A mode to set on each new conversation, where the agent's own default never asks a person."""
    usage: Literal["turn", "last_call", "cumulative", "none"] = "turn"
    """What the agent's prompt result counts."""
    resume_delay: float = 0.0
    """Seconds that must lie between making a conversation and loading it again."""


class AgentModel(Struct, frozen=True, omit_defaults=True):
    """A model an agent offers."""

    id: str
    name: str = ""


class AgentMode(Struct, frozen=True, omit_defaults=True):
    """A mode an agent offers."""

    id: str
    name: str = ""
    description: str = ""


class AgentInfo(Struct, frozen=True, kw_only=True):
    """What the probe found out about an agent on a node, as stored and as sent.

    `diagnostic` says in one sentence why the agent is not usable, or is None.
    """

    name: str
    kind: BackendKind
    label: str
    installed: bool
    enabled: bool
    node_id: str | None = None
    version: str | None = None
    models: list[AgentModel] = []
    modes: list[AgentMode] = []
    commands: list[Command] = []
    capabilities: dict[str, Any] = {}
    diagnostic: str | None = None
    install_hint: str = ""
    probed_at: datetime | None = None


class AgentProcess(Struct, frozen=True, kw_only=True):
    """An agent that is up. `rss_bytes` weighs its process, which agents of one server share, at the last look.

    `idle_seconds` is None while it works.
    """

    agent: str
    session_id: str
    busy: bool
    pid: int | None = None
    idle_seconds: float | None = None
    rss_bytes: int = 0
