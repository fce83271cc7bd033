"""The demo agent as the program it is, spoken to line by line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-P", "-m", "roundhouse.agents.demo"]
HEAVY = ("anyio", "asyncio", "msgspec", "structlog", "roundhouse.model", "subprocess", "logging")


class Client:
    """Speaks ACP by hand."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.updates: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.option = "allow"
        self._number = 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask and read up to the answer, answering permissions on the way."""
        self._number += 1
        self._send(id=self._number, method=method, params=params)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("method") == "session/update":
                self.updates.append(message["params"]["update"])
            elif "method" in message:
                self.asked.append(message["params"])
                outcome = {"outcome": "selected", "optionId": self.option}
                self._send(id=message["id"], result={"outcome": outcome})
            elif message["id"] == self._number:
                return dict(message)
        raise EOFError

    def begin(self, cwd: Path) -> str:
        """A new conversation."""
        self.call("initialize", protocolVersion=1)
        name: str = self.call("session/new", cwd=str(cwd), mcpServers=[])["result"]["sessionId"]
        return name

    def say(self, session: str, text: str) -> dict[str, Any]:
        """One prompt."""
        self.updates.clear()
        prompt = [{"type": "text", "text": text}]
        return self.call("session/prompt", sessionId=session, prompt=prompt)

    def kinds(self) -> set[str]:
        """The kinds of updates of the last turn."""
        return {update["sessionUpdate"] for update in self.updates}

    def text(self) -> str:
        """What was said in the last turn."""
        chunks = [u for u in self.updates if u["sessionUpdate"] == "agent_message_chunk"]
        return "".join(chunk["content"]["text"] for chunk in chunks)

    def _send(self, **message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()


@contextmanager
def running(home: Path) -> Iterator[Client]:
    """A demo agent."""
    env = {**os.environ, "DEMO_HOME": str(home), "DEMO_PACE": "0"}
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        yield Client(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_it_imports_nothing_heavy() -> None:
    """It must be there in a blink."""
    code = f"import sys, roundhouse.agents.demo.__main__; print([m for m in {HEAVY} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(("option", "written"), [("allow", True), ("reject", False)])
def test_a_prompt_without_words_is_a_friendly_turn(
    tmp_path: Path, option: str, written: bool
) -> None:
    """Thinking, a plan, tools, a permission, an answer, usage; and the edit only when allowed."""
    with running(tmp_path / "home") as client:
        client.option = option
        result = client.say(client.begin(tmp_path), "Please improve everything")

        assert result["result"]["stopReason"] == "end_turn"
        assert client.kinds() >= {
            "agent_thought_chunk",
            "plan",
            "tool_call",
            "tool_call_update",
            "agent_message_chunk",
            "usage_update",
        }
        assert len(client.asked) == 1
        assert (tmp_path / "demo-notes.md").exists() is written
        assert ("did not allow" in client.text()) is not written


def test_commands(tmp_path: Path) -> None:
    """What it offers works."""
    (tmp_path / "a.txt").write_text("")
    with running(tmp_path / "home") as client:
        session = client.begin(tmp_path)

        client.say(session, "/help")
        assert "REMEMBER" in client.text()
        client.say(session, "/files")
        assert "a.txt" in client.text()


def test_words_run_in_order_and_lines_between_are_ignored(tmp_path: Path) -> None:
    """So that a handover before them does no harm."""
    with running(tmp_path / "home") as client:
        client.say(client.begin(tmp_path), "Preface.\nSAY one\n  SAY two\nand SAY three\nSAY four")

        assert client.text() == "onetwofour"


def test_files_are_really_edited(tmp_path: Path) -> None:
    """Written, appended to and deleted, with diffs, inside of the worktree only."""
    with running(tmp_path / "home") as client:
        session = client.begin(tmp_path)
        client.say(session, "WRITE d/a.txt one\nAPPEND d/a.txt two\nWRITE b.txt b\nDELETE b.txt")
        diffs = [
            content
            for update in client.updates
            for content in update.get("content", [])
            if isinstance(content, dict) and content["type"] == "diff"
        ]

        assert (tmp_path / "d" / "a.txt").read_text() == "one\ntwo\n"
        assert not (tmp_path / "b.txt").exists()
        assert diffs[1]["oldText"] == "one\n"
        for path in ("../x", "/tmp/x", "."):  # noqa: S108 -- not written
            assert "outside" in client.say(session, f"WRITE {path} no")["error"]["message"]


def test_always_allowed_is_not_asked_again(tmp_path: Path) -> None:
    """Within the conversation; nor in the mode that never asks."""
    with running(tmp_path / "home") as client:
        client.option = "always"
        session = client.begin(tmp_path)
        client.say(session, "PERMIT a one\nPERMIT b two")
        assert len(client.asked) == 1

        other = client.begin(tmp_path)
        client.call("session/set_mode", sessionId=other, modeId="auto")
        client.say(other, "PERMIT c three")
        assert len(client.asked) == 1


def test_memory_is_on_disk_until_deleted(tmp_path: Path) -> None:
    """Another process finds it, each conversation its own."""
    with running(tmp_path) as client:
        session = client.begin(tmp_path)
        client.say(session, "REMEMBER plum\nREMEMBER fig")
    with running(tmp_path) as client:
        assert "result" in client.call("session/load", sessionId=session, cwd=str(tmp_path))
        assert client.kinds() >= {"user_message_chunk", "agent_message_chunk"}
        client.say(session, "RECALL")
        assert client.text() == "plum, fig"

        client.call("session/delete", sessionId=session)
        gone = client.call("session/resume", sessionId=session, cwd=str(tmp_path))
        assert gone["error"]["code"] == -32002


def test_bad_requests_are_answered(tmp_path: Path) -> None:
    """Unknown methods, sessions, modes and models."""
    with running(tmp_path) as client:
        session = client.begin(tmp_path)

        assert client.call("no/such")["error"]["code"] == -32601
        assert client.say("nobody", "SAY x")["error"]["code"] == -32002
        mode = client.call("session/set_mode", sessionId=session, modeId="x")
        model = client.call("session/set_model", sessionId=session, modelId="x")
        assert mode["error"]["code"] == model["error"]["code"] == -32602
        assert client.say(session, "SLOW many")["error"]["code"] == -32603
