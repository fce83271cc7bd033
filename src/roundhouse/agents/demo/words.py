"""The scripted words: a line of a prompt that begins with one of them is carried out to the letter."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from roundhouse.agents.demo import memory
from roundhouse.agents.demo.turn import Cancelled, Failed, Refused, Turn, read

Word = Callable[[Turn, str], None]

FLOOD_BATCH = 200

CHUNK = (
    b'{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"%s","update":'
    b'{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"%s"}}}}\n'
)

LEFT_SECONDS = 600


def known(prompt: str) -> list[tuple[Word, str]]:
    """The words of a prompt with their rest of the line, in order."""
    found = []
    for line in prompt.splitlines():
        name, _, rest = line.strip().partition(" ")
        if name in WORDS:
            found.append((WORDS[name], rest))
    return found


def _say(turn: Turn, rest: str) -> None:
    turn.say(rest)


def _think(turn: Turn, rest: str) -> None:
    turn.think(rest)


def _remember(turn: Turn, rest: str) -> None:
    memory.append(turn.conversation.name, "fact", rest)
    turn.say(f"I will remember {rest}.")


def _recall(turn: Turn, rest: str) -> None:
    turn.say(", ".join(turn.remembered()) or "nothing")


def _write(turn: Turn, rest: str) -> None:
    path, _, text = rest.partition(" ")
    turn.edit(path, text + "\n")
    turn.say(f"Wrote {path}.")


def _append(turn: Turn, rest: str) -> None:
    path, _, text = rest.partition(" ")
    old = read(Path(turn.conversation.cwd, path)) or ""
    turn.edit(path, old + text + "\n")
    turn.say(f"Appended to {path}.")


def _delete(turn: Turn, rest: str) -> None:
    turn.edit(rest, None)
    turn.say(f"Deleted {rest}.")


def _permit(turn: Turn, rest: str) -> None:
    path, _, text = rest.partition(" ")
    allowed = turn.edit(path, text + "\n", ask=True)
    turn.say(f"Wrote {path}." if allowed else "I was not allowed.")


def _ask(turn: Turn, rest: str) -> None:
    choices = [{"label": label, "description": ""} for label in ("red", "blue")]
    question = {"question": rest or "Which colour?", "header": "Colour", "options": choices}
    tool = {
        "toolCallId": f"{turn.message}-question",
        "title": question["question"],
        "kind": "other",
        "rawInput": {"questions": [question]},
    }
    options = [
        {"optionId": "submit", "name": "Submit", "kind": "allow_once"},
        {"optionId": "cancel", "name": "Cancel", "kind": "reject_once"},
    ]
    outcome = turn.ask(tool, options, qwenInteractionKind="user_question")
    answers = outcome.get("answers") or {}
    turn.say(f"You answered {answers.get('0', 'nothing')}.")


def _slow(turn: Turn, rest: str) -> None:
    for number in range(int(rest)):
        turn.say(f"{number} ")
        turn.pause(0.05)


def _hang(turn: Turn, rest: str) -> None:
    # HARD ignores the cancel, DEAF the end of stdin and SIGTERM too.
    turn.say("hanging")
    if rest == "DEAF":
        turn.peer.deaf = True
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        turn.conversation.cancelled.wait()
        if not rest:
            raise Cancelled
        turn.conversation.cancelled.clear()


def _crash(turn: Turn, rest: str) -> None:
    sys.stderr.write("demo: crash was asked for\n")
    sys.stderr.flush()
    os._exit(int(rest or 3))


def _exit(turn: Turn, rest: str) -> None:
    os._exit(0)


def _leave(turn: Turn, rest: str) -> None:
    # A child in a session of its own that holds on to our pipes, as a careless agent's daemon does.
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.execvp("sleep", ["sleep", str(LEFT_SECONDS)])  # noqa: S606 -- the point
    turn.say(str(pid))


def _flood(turn: Turn, rest: str) -> None:
    line = CHUNK % (turn.conversation.name.encode(), b"x")
    left = int(rest)
    while left > 0:
        batch = min(left, FLOOD_BATCH)
        turn.peer.write(line * batch)
        left -= batch
        turn.pause(0)


def _garbage(turn: Turn, rest: str) -> None:
    name = turn.conversation.name.encode()
    turn.peer.write(b"this is not JSON\n\n\x00\x00\n[]\nnull\n17\n")
    turn.peer.write(b'{"jsonrpc":"2.0","id":99999,"result":{}}\n{"id":{},"result":1}\n')
    turn.peer.write(b'{"jsonrpc":"2.0","id":"unknown","error":"text"}\n{"method":5}\n')
    turn.peer.write(b'{"jsonrpc":"2.0","method":"session/update","params":[1]}\n')
    turn.peer.write(b'{"jsonrpc":"2.0","method":"session/update"}\n')
    turn.peer.write(CHUNK % (name, b"\xff\xfe"))
    turn.peer.write(CHUNK % (name, b"\\ud800"))
    turn.peer.write(CHUNK % (name, b"\\u0000"))
    half = (CHUNK % (name, b"halves")).partition(b"content")
    turn.peer.write(half[0])
    turn.pause(0.02)
    turn.peer.write(half[1] + half[2])
    turn.say("still here")


def _huge(turn: Turn, rest: str) -> None:
    turn.say("h" * int(rest))


def _stderr(turn: Turn, rest: str) -> None:
    sys.stderr.write("e" * int(rest) + "\n")
    sys.stderr.flush()
    turn.say("wrote to stderr")


def _env(turn: Turn, rest: str) -> None:
    turn.say(os.environ.get(rest, "unset"))


def _pid(turn: Turn, rest: str) -> None:
    turn.say(str(os.getpid()))


def _mode(turn: Turn, rest: str) -> None:
    turn.conversation.mode = rest
    turn.update(sessionUpdate="current_mode_update", currentModeId=rest)


def _which(turn: Turn, rest: str) -> None:
    turn.say(f"{turn.conversation.model} {turn.conversation.mode}")


def _plan(turn: Turn, rest: str) -> None:
    turn.plan(*rest.split(";"))


def _fail(turn: Turn, rest: str) -> None:
    code, _, text = rest.partition(" ")
    raise Failed(int(code or -32603), text or "failure was asked for")


def _refuse(turn: Turn, rest: str) -> None:
    raise Refused


def _unknown(turn: Turn, rest: str) -> None:
    turn.update(sessionUpdate="brand_new", value=rest)
    turn.say(str(_error(turn.peer.request("brand/new"))))


def _read(turn: Turn, rest: str) -> None:
    answer = turn.peer.request(
        "fs/read_text_file", sessionId=turn.conversation.name, path=_full(turn, rest)
    )
    turn.say(str(answer.get("content", _error(answer))))


def _save(turn: Turn, rest: str) -> None:
    path, _, text = rest.partition(" ")
    answer = turn.peer.request(
        "fs/write_text_file",
        sessionId=turn.conversation.name,
        path=_full(turn, path),
        content=text,
    )
    turn.say("saved" if "error" not in answer else str(_error(answer)))


def _terminal(turn: Turn, rest: str) -> None:
    name = turn.conversation.name
    call = turn.call(rest, "execute")
    words = {"command": "/bin/sh", "args": ["-c", rest], "cwd": turn.conversation.cwd}
    made = turn.peer.request("terminal/create", sessionId=name, **words)
    if "error" in made:
        turn.say(str(_error(made)))
        return
    terminal = {"sessionId": name, "terminalId": made["terminalId"]}
    shown = [{"type": "terminal", "terminalId": made["terminalId"]}]
    turn.progress(call, "in_progress", content=shown)
    ended = turn.peer.request("terminal/wait_for_exit", **terminal)
    output = turn.peer.request("terminal/output", **terminal)["output"]
    turn.peer.request("terminal/release", **terminal)
    turn.progress(call, "completed")
    turn.say(f"{ended.get('exitCode')} {output}")


def _full(turn: Turn, path: str) -> str:
    return str(Path(turn.conversation.cwd, path))


def _error(answer: dict[str, Any]) -> Any:
    return (answer.get("error") or {}).get("code")


WORDS: dict[str, Word] = {
    "SAY": _say,
    "THINK": _think,
    "REMEMBER": _remember,
    "RECALL": _recall,
    "WRITE": _write,
    "APPEND": _append,
    "DELETE": _delete,
    "PERMIT": _permit,
    "ASK": _ask,
    "SLOW": _slow,
    "HANG": _hang,
    "CRASH": _crash,
    "EXIT": _exit,
    "LEAVE": _leave,
    "FLOOD": _flood,
    "GARBAGE": _garbage,
    "HUGE": _huge,
    "STDERR": _stderr,
    "ENV": _env,
    "PID": _pid,
    "MODE": _mode,
    "WHICH": _which,
    "PLAN": _plan,
    "FAIL": _fail,
    "REFUSE": _refuse,
    "UNKNOWN": _unknown,
    "READ": _read,
    "SAVE": _save,
    "TERMINAL": _terminal,
}
