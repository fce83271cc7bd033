"""The demo agent's side of ACP: conversations, their modes and models, and the running of prompts."""

import os
import threading
from collections.abc import Callable
from typing import Any

from roundhouse.agents.demo import memory, show, words
from roundhouse.agents.demo.turn import Cancelled, Conversation, Failed, Refused, Turn
from roundhouse.agents.demo.wire import Peer

VERSION = "1.0.0"
MODES = (("ask", "Ask before writing"), ("auto", "Write without asking"))
MODELS = (("demo-small", "Demo Small"), ("demo-large", "Demo Large"))
CONTEXT_SIZE = 100_000
COST_A_TURN = 0.01


class Agent:
    """Answers one client. Options come from DEMO_* variables, so that tests can make it awkward."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.conversations: dict[str, Conversation] = {}
        self.turns = 0

    def handle(self, method: str, params: dict[str, Any], number: Any) -> None:
        """One message of the client."""
        if method == "session/cancel":
            if conversation := self.conversations.get(params.get("sessionId", "")):
                conversation.cancelled.set()
            return
        if number is None:
            return
        try:
            result = METHODS.get(method, _no_method)(self, params, number)
        except Failed as failure:
            self.peer.send(id=number, error={"code": failure.code, "message": str(failure)})
        else:
            if result is not None:
                self.peer.send(id=number, result=result)
                self._after(method, params, result)

    def initialize(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Say who this is and what it can do."""
        sessions: dict[str, Any] = {"close": {}, "delete": {}}
        if _on("DEMO_RESUME"):
            sessions["resume"] = {}
        return {
            "protocolVersion": 1,
            "agentInfo": {"name": "roundhouse-demo", "title": "Demo", "version": VERSION},
            "agentCapabilities": {
                "loadSession": _on("DEMO_LOAD"),
                "promptCapabilities": {"image": True},
                "sessionCapabilities": sessions,
            },
            "authMethods": [],
        }

    def new(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Begin a conversation. Raises Failed when told to want a login."""
        if "DEMO_AUTH" in os.environ:
            raise Failed(-32000, "Authentication required")
        name = "demo_" + os.urandom(8).hex()
        memory.append(name, "made", params["cwd"])
        conversation = self.conversations[name] = Conversation(name, params["cwd"])
        return {"sessionId": name, **_offer(conversation)}

    def load(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Take a conversation up again and replay it."""
        if not _on("DEMO_LOAD"):
            raise Failed(-32601, "no method session/load")
        conversation = self._known(params)
        kinds = {"user": "user_message_chunk", "agent": "agent_message_chunk"}
        for role, text in memory.load(conversation.name) or []:
            if role in kinds:
                content = {"type": "text", "text": text}
                self.peer.update(conversation.name, sessionUpdate=kinds[role], content=content)
        return _offer(conversation)

    def resume(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Take a conversation up again without a replay."""
        if not _on("DEMO_RESUME"):
            raise Failed(-32601, "no method session/resume")
        return _offer(self._known(params))

    def _known(self, params: dict[str, Any]) -> Conversation:
        name = params["sessionId"]
        if memory.load(name) is None:
            raise Failed(-32002, f"no conversation {name}")
        conversation = self.conversations[name] = Conversation(name, params["cwd"])
        return conversation

    def set_mode(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Choose a mode."""
        self._live(params).mode = _one_of(MODES, params["modeId"])
        return {}

    def set_model(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Choose a model."""
        self._live(params).model = _one_of(MODELS, params["modelId"])
        return {}

    def set_option(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Choose a mode or model by the newer method."""
        conversation = self._live(params)
        if params["configId"] == "model":
            conversation.model = _one_of(MODELS, params["value"])
        else:
            conversation.mode = _one_of(MODES, params["value"])
        return {"configOptions": _options(conversation)}

    def close(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Let go of a conversation; it stays on disk."""
        self.conversations.pop(params["sessionId"], None)
        return {}

    def delete(self, params: dict[str, Any], number: Any) -> dict[str, Any]:
        """Let go of a conversation and forget it."""
        memory.forget(params["sessionId"])
        return self.close(params, number)

    def prompt(self, params: dict[str, Any], number: Any) -> None:
        """Start a turn; its answer comes from the turn's own thread."""
        conversation = self._live(params)
        if conversation.running:
            raise Failed(-32600, "another turn is running")
        text = "\n".join(b["text"] for b in params["prompt"] if b.get("type") == "text")
        self.turns += 1
        turn = Turn(self.peer, conversation, self.turns)
        conversation.running = True
        conversation.cancelled.clear()
        threading.Thread(target=self._run, args=(turn, text, number), daemon=True).start()

    def _run(self, turn: Turn, text: str, number: Any) -> None:
        conversation = turn.conversation
        memory.append(conversation.name, "user", text)
        answer: dict[str, Any]
        try:
            script = words.known(text)
            for word, rest in script:
                word(turn, rest)
            if not script:
                show.act(turn, text)
            answer = {"result": self._ended(turn, text, "end_turn")}
        except Cancelled:
            said = os.environ.get("DEMO_CANCEL_SAYS", "cancelled")
            answer = {"result": self._ended(turn, text, said)}
        except Refused:
            answer = {"result": {"stopReason": "refusal"}}
        except Failed as failure:
            answer = {"error": {"code": failure.code, "message": str(failure)}}
        except Exception as error:  # noqa: BLE001 -- the boundary of a turn: the client must get an answer
            answer = {"error": {"code": -32603, "message": f"{type(error).__name__}: {error}"}}
        conversation.running = False
        self.peer.send(id=number, **answer)

    def _ended(self, turn: Turn, text: str, stop: str) -> dict[str, Any]:
        conversation = turn.conversation
        memory.append(conversation.name, "agent", turn.said[:10_000])
        conversation.cost += COST_A_TURN
        tokens = {"inputTokens": len(text) // 4 + 1, "outputTokens": len(turn.said) // 4 + 1}
        turn.update(
            sessionUpdate="usage_update",
            used=sum(tokens.values()),
            size=CONTEXT_SIZE,
            cost={"amount": conversation.cost, "currency": "USD"},
        )
        return {"stopReason": stop, "usage": {**tokens, "totalTokens": sum(tokens.values())}}

    def _live(self, params: dict[str, Any]) -> Conversation:
        try:
            return self.conversations[params["sessionId"]]
        except KeyError:
            raise Failed(-32002, "no such conversation") from None

    def _after(self, method: str, params: dict[str, Any], result: dict[str, Any]) -> None:
        if method in {"session/new", "session/load", "session/resume"}:
            commands = [{"name": name, "description": text} for name, text in show.COMMANDS]
            self.peer.update(
                result.get("sessionId") or params["sessionId"],
                sessionUpdate="available_commands_update",
                availableCommands=commands,
            )


def _no_method(agent: Agent, params: dict[str, Any], number: Any) -> None:
    raise Failed(-32601, "no such method")


def _on(variable: str) -> bool:
    return os.environ.get(variable, "1") == "1"


def _one_of(known: tuple[tuple[str, str], ...], wanted: str) -> str:
    if wanted not in dict(known):
        raise Failed(-32602, f"{wanted} is not one of {', '.join(dict(known))}")
    return wanted


def _offer(conversation: Conversation) -> dict[str, Any]:
    if "DEMO_OPTIONS" in os.environ:
        return {"configOptions": _options(conversation)}
    modes = [{"id": key, "name": name} for key, name in MODES]
    models = [{"modelId": key, "name": name} for key, name in MODELS]
    return {
        "modes": {"currentModeId": conversation.mode, "availableModes": modes},
        "models": {"currentModelId": conversation.model, "availableModels": models},
    }


def _options(conversation: Conversation) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "name": name.title(),
            "category": name,
            "type": "select",
            "currentValue": value,
            "options": [{"value": key, "name": label} for key, label in choices],
        }
        for name, value, choices in (
            ("model", conversation.model, MODELS),
            ("mode", conversation.mode, MODES),
        )
    ]


Method = Callable[[Agent, dict[str, Any], Any], dict[str, Any] | None]

METHODS: dict[str, Method] = {
    "initialize": Agent.initialize,
    "session/new": Agent.new,
    "session/load": Agent.load,
    "session/resume": Agent.resume,
    "session/set_mode": Agent.set_mode,
    "session/set_model": Agent.set_model,
    "session/set_config_option": Agent.set_option,
    "session/close": Agent.close,
    "session/delete": Agent.delete,
    "session/prompt": Agent.prompt,
}
