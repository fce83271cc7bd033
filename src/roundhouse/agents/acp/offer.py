"""What an agent offers in a conversation (models, modes, commands) and how to choose from it. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

from roundhouse.model.agent import AgentMode, AgentModel
from roundhouse.model.event import Command

Choice = Literal["model", "mode"]


class Offer:
    """Learns from the answers to session/new, load and resume, and from updates."""

    def __init__(self) -> None:
        self.models: list[AgentModel] = []
        self.modes: list[AgentMode] = []
        self.commands: list[Command] = []
        self.current: dict[Choice, str | None] = {"model": None, "mode": None}
        self._options: dict[Choice, str] = {}

    def learn(self, result: Mapping[str, Any]) -> None:
        """Take what an answer says; what it does not mention stays."""
        models = result.get("models")
        if isinstance(models, dict):
            self.models = [
                AgentModel(m["modelId"], _text(m.get("name")))
                for m in _objects(models.get("availableModels"), "modelId")
            ]
            self.current["model"] = _maybe(models.get("currentModelId"))
        modes = result.get("modes")
        if isinstance(modes, dict):
            self.modes = [
                AgentMode(m["id"], _text(m.get("name")), _text(m.get("description")))
                for m in _objects(modes.get("availableModes"), "id")
            ]
            self.current["mode"] = _maybe(modes.get("currentModeId"))
        self.learn_options(result.get("configOptions"))

    def learn_options(self, options: Any) -> None:
        """Take the newer form, in which model and mode are two options among others."""
        for option in _objects(options, "id"):
            about = option.get("category") or option["id"]
            choices = _choices(option.get("options"))
            if about == "model":
                self._options["model"] = option["id"]
                self.models = [AgentModel(key, name) for key, name, _ in choices]
                self.current["model"] = _maybe(option.get("currentValue"))
            elif about == "mode":
                self._options["mode"] = option["id"]
                self.modes = [AgentMode(*choice) for choice in choices]
                self.current["mode"] = _maybe(option.get("currentValue"))

    def choose(self, what: Choice, wanted: str, session: str) -> tuple[str, dict[str, str]] | None:
        """The method and params that choose it, or None when the agent offers no such choice."""
        option = self._options.get(what)
        if option is not None:
            params = {"sessionId": session, "configId": option, "value": wanted}
            return "session/set_config_option", params
        if what == "model" and self.models:
            return "session/set_model", {"sessionId": session, "modelId": wanted}
        if what == "mode" and self.modes:
            return "session/set_mode", {"sessionId": session, "modeId": wanted}
        return None


def _objects(found: Any, key: str) -> list[dict[str, Any]]:
    if not isinstance(found, list):
        return []
    return [item for item in found if isinstance(item, dict) and isinstance(item.get(key), str)]


def _choices(found: Any) -> list[tuple[str, str, str]]:
    """The choices of a select option, groups flattened."""
    choices = []
    for item in found if isinstance(found, list) else []:
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("options"), list):
            choices += _choices(item["options"])
        elif isinstance(item.get("value"), str):
            choices.append((item["value"], _text(item.get("name")), _text(item.get("description"))))
    return choices


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""


def _maybe(found: Any) -> str | None:
    return found if isinstance(found, str) else None
