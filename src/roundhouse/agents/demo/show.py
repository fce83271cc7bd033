"""What the demo agent does with a prompt that holds no scripted word: it acts out a small, friendly turn."""

import os
from pathlib import Path

from roundhouse.agents.demo.turn import Turn, read
from roundhouse.agents.demo.words import WORDS

NOTES = "demo-notes.md"

STEPS = ("Look around in the worktree", f"Write a line into {NOTES}", "Say what was done")

COMMANDS = (
    ("help", "Say what this agent can do"),
    ("files", "List the files of the worktree"),
)


def act(turn: Turn, prompt: str) -> None:
    """One friendly turn: thinking, a plan, a look around, a permission, an edit, an answer."""
    asked = prompt.strip().splitlines()[-1] if prompt.strip() else ""
    name = os.environ.get("DEMO_NAME", "the demo agent")
    if asked == "/help":
        _help(turn)
        return
    turn.think(
        f"The person says “{asked[:200]}”. I am scripted, so I will show what a turn looks like."
    )
    turn.pause(turn.pace)
    turn.plan(*STEPS)
    names = _look(turn)
    if asked == "/files":
        turn.tell("Here: " + ", ".join(names))
        return
    turn.tell(f"Hello, this is {name}. I see {len(names)} entries here.")
    turn.plan(*STEPS, done=1)
    old = read(Path(turn.conversation.cwd, NOTES)) or "# Notes of the demo\n\n"
    written = turn.edit(NOTES, f"{old}- {name}: {asked[:100]}\n", ask=True)
    turn.plan(*STEPS, done=2 + written)
    if written:
        turn.tell(f"I added a line to {NOTES}. The diff shows whose it is.")
    else:
        turn.tell("You did not allow the edit, so nothing was written.")
    turn.plan(*STEPS, done=3)


def _look(turn: Turn) -> list[str]:
    call = turn.call("List the worktree", "read", locations=[{"path": turn.conversation.cwd}])
    entries = Path(turn.conversation.cwd).iterdir()
    names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    text = "\n".join(names) or "(empty)"
    content = [{"type": "content", "content": {"type": "text", "text": text}}]
    turn.progress(call, "completed", content=content)
    turn.pause(turn.pace)
    return names


def _help(turn: Turn) -> None:
    turn.tell("I am a scripted agent: no model, no network. Say anything to see a turn.\n\n")
    turn.tell("Lines that begin with one of these words are carried out: " + ", ".join(WORDS))
