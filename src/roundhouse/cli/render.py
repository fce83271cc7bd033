"""How a session's events look: as text for a person, or as JSON lines. Draws only; answers nothing."""

import sys
from typing import Protocol, TypeAlias

import msgspec

from roundhouse.cli.output import Paint, counted, file_name, harmless, one_line
from roundhouse.client.live import LiveEvent
from roundhouse.model.event import (
    Activity,
    AgentCrashed,
    AgentReady,
    AppliedToCheckout,
    ChangedFile,
    Changes,
    Committed,
    Handover,
    PermissionAnswered,
    PermissionRequested,
    Plan,
    Reasoning,
    RepositoryMoved,
    Reviewed,
    Rewound,
    TaskCreated,
    TaskEnded,
    Text,
    ToolCall,
    ToolDiff,
    ToolUpdate,
)
from roundhouse.model.task import TaskStatus, Usage

MARKS = {"completed": ("✓", "green"), "failed": ("✗", "red")}
HEADS = ("+++", "---", "@@ ")
CONTINUITY = {
    "fresh": "fresh: knows nothing from before",
    "continued": "continued: the same warm process",
    "resumed": "resumed: its own memory, a new process",
    "rebuilt": "rebuilt: was told the history",
}

ReviewEvent: TypeAlias = Reviewed | AppliedToCheckout | Committed | Rewound | RepositoryMoved


class View(Protocol):
    """Something that shows events."""

    def show(self, event: LiveEvent) -> None:
        """Show one event."""

    def notice(self, text: str) -> None:
        """Say something that is no event."""


class JsonView:
    """One event a line."""

    def show(self, event: LiveEvent) -> None:
        """Print the event as it came."""
        print(msgspec.json.encode(event.wire).decode(), flush=True)

    def notice(self, text: str) -> None:
        """Notices go beside the stream."""
        print(text, file=sys.stderr, flush=True)


class TextView:
    """For people. The answer goes to stdout; so does all else in a terminal, but to stderr where there is none."""

    def __init__(self, *, prompts: bool = False, one_stream: bool = False) -> None:
        self._prompts = prompts
        self._answer = sys.stdout
        self._beside = sys.stdout if one_stream or sys.stdout.isatty() else sys.stderr
        self._paint = Paint(self._beside)
        self._flow: str | None = None
        self._fresh_line = True
        self._transient = False
        self._tools: dict[str, ToolCall] = {}
        self._ready: dict[str | None, AgentReady] = {}

    def notice(self, text: str) -> None:
        """A dim line."""
        self._line(self._paint(harmless(text), "dim"))

    def show(self, event: LiveEvent) -> None:  # noqa: C901, PLR0912 - a case for each kind
        """Draw one event."""
        match event.body:
            case Text(text=text):
                self._stream("text", text)
            case Reasoning(text=text):
                self._stream("thinking", text)
            case ToolCall() | ToolUpdate() as tool:
                self._tool(tool)
            case Plan() as plan:
                self._plan(plan)
            case AgentReady() as ready:
                self._ready[event.agent] = ready
                if ready.reason:
                    self.notice(f"{event.agent}: {ready.reason}")
            case Handover(text=text):
                lines = len(text.splitlines())
                self.notice(
                    f"↪ {event.agent} is told what happened while it was away ({lines} lines)"
                )
            case TaskCreated(input=text, agent=agent) if self._prompts:
                self._line(f"{self._paint(f'> {agent}', 'bold')} {one_line(text, 300)}")
            case PermissionRequested() as asked:
                self._asked(event.agent, asked)
            case PermissionAnswered() as answered:
                self._answered(answered)
            case Changes(files=files) if files:
                shown = ", ".join(map(_changed, files[:8]))
                more = f" and {len(files) - 8} more" if len(files) > 8 else ""  # noqa: PLR2004
                self.notice(f"± {shown}{more}")
            case (
                Reviewed()
                | AppliedToCheckout()
                | Committed()
                | Rewound()
                | RepositoryMoved() as done
            ):
                self.notice(f"± {review_line(done)}")
            case AgentCrashed(error=error):
                self._line(self._paint(f"✗ {event.agent}: {one_line(error, 300)}", "red"))
            case Activity(text=text):
                self.notice(f"· {one_line(text, 300)}")
            case TaskEnded() as ended:
                self._ended(event, ended)
            case _:
                pass

    def _stream(self, flow: str, text: str) -> None:
        if not text:
            return
        self._break(flow)
        stream = self._answer if flow == "text" else self._beside
        text = harmless(text)
        shown = self._paint(text, "dim") if flow == "thinking" else text
        print(shown, end="", file=stream, flush=True)
        self._fresh_line = text.endswith("\n")

    def _break(self, flow: str | None) -> None:
        """Begin a new line if something else was being written."""
        if self._transient:
            print("\r\x1b[K", end="", file=self._beside, flush=True)
            self._transient = False
        if self._flow != flow and not self._fresh_line:
            print(file=self._answer if self._flow == "text" else self._beside, flush=True)
            self._fresh_line = True
        self._flow = flow

    def _line(self, text: str) -> None:
        self._break(None)
        print(text, file=self._beside, flush=True)
        self._fresh_line = True

    def _passing(self, text: str) -> None:
        """A line that the next one replaces; only a terminal can."""
        if self._paint.terminal:
            self._break(None)
            print(self._paint(text, "dim"), end="", file=self._beside, flush=True)
            self._transient = True

    def _tool(self, news: ToolCall | ToolUpdate) -> None:
        known = self._tools.get(news.id, ToolCall(id=news.id))
        changed = {
            name: value
            for name in ("title", "kind", "status", "locations", "content")
            if (value := getattr(news, name)) not in (None, "", [])
        }
        if isinstance(news, ToolCall) and news.id in self._tools and news.status == "pending":
            changed.pop("status", None)
        tool = self._tools[news.id] = msgspec.structs.replace(known, **changed)
        if tool.status not in MARKS:
            self._passing(f"  … {one_line(tool.title or tool.kind, 70)}")
        elif known.status not in MARKS:
            mark, colour = MARKS[tool.status]
            title = one_line(tool.title or tool.kind, 120)
            self._line(f"  {self._paint(mark, colour)} {title}{self._diff_stat(tool)}")

    def _diff_stat(self, tool: ToolCall) -> str:
        diffs = [part for part in tool.content if isinstance(part, ToolDiff)]
        if not diffs:
            return ""
        added, removed = (sum(counts) for counts in zip(*map(count_lines, diffs), strict=True))
        return f"  {self._paint(f'+{added}', 'green')} {self._paint(f'-{removed}', 'red')}"

    def _plan(self, plan: Plan) -> None:
        done = sum(entry.status == "completed" for entry in plan.entries)
        now = next((e.content for e in plan.entries if e.status != "completed"), "done")
        self._passing(f"  ☰ {done}/{len(plan.entries)} {one_line(now, 70)}")

    def _asked(self, agent: str | None, asked: PermissionRequested) -> None:
        what = "asks" if asked.kind == "question" else "asks for permission"
        self._line(f"{self._paint('?', 'yellow')} {agent} {what}: {one_line(asked.title, 200)}")
        for question in asked.questions:
            choices = f" ({', '.join(question.choices)})" if question.choices else ""
            self._line(f"    {one_line(question.question + choices, 400)}")

    def _answered(self, answered: PermissionAnswered) -> None:
        if answered.status != "answered":
            self.notice(f"  → {answered.status}")
            return
        answer = answered.answer
        chosen = (answer.option_id if answer else None) or "; ".join(
            ", ".join(words) for words in (answer.answers if answer else None) or []
        )
        by = f" by {answered.answered_by}" if answered.answered_by else ""
        self.notice(f"  → {one_line(chosen or 'answered', 200)}{by}")

    def _ended(self, event: LiveEvent, ended: TaskEnded) -> None:
        for tool in self._tools.values():
            if tool.status not in MARKS and ended.status is not TaskStatus.COMPLETED:
                self._line(f"  … {one_line(tool.title or tool.kind, 120)} (not finished)")
        self._tools.clear()
        if ended.status is not TaskStatus.COMPLETED:
            code = f" ({ended.failure_code})" if ended.failure_code else ""
            told = ended.error if ended.status is not TaskStatus.CANCELLED else None
            why = f": {one_line(told, 500)}" if told else ""
            self._line(self._paint(f"✗ {ended.status}{code}{why}", "red"))
        ready = self._ready.get(event.agent)
        parts = [event.agent or ""]
        if ready is not None:
            parts.append(CONTINUITY.get(ready.continuity, str(ready.continuity)))
        if ended.usage is not None:
            parts += usage_parts(ended.usage)
        if ended.ms is not None:
            parts.append(f"{ended.ms / 1000:.1f} s")
        self._line(self._paint("— " + " · ".join(filter(None, parts)), "dim"))


def _changed(file: ChangedFile) -> str:
    old = f"{file_name(file.old_path)} → " if file.old_path else ""
    return f"{old}{file_name(file.path)} +{file.additions} -{file.deletions}"


def review_line(done: ReviewEvent) -> str:
    """What was done with a session's changes, in one line."""
    match done:
        case Reviewed(verdict=verdict, files=files, hunks=hunks):
            what = counted(hunks, "hunk") if hunks and not files else counted(len(files), "file")
            return (
                f"you took the last decision back ({what})"
                if verdict == "undone"
                else f"you {verdict} {what}"
            )
        case AppliedToCheckout(files=files, undone=undone):
            what = counted(len(files), "file")
            return (
                f"the last apply was taken back ({what})"
                if undone
                else f"applied {what} to your checkout"
            )
        case Committed(commit=commit, branch=branch, message=message):
            return f"committed {commit[:10]} on {branch}: {one_line(message, 100)}"
        case Rewound(files=files, title=title):
            where = f" to {one_line(title, 60)}" if title else ""
            return f"the files went back{where} ({counted(len(files), 'file')})"
        case RepositoryMoved(actions=actions):
            shown = "; ".join(one_line(f"{a.action} {a.message}", 80) for a in actions[:4])
            return f"git: {shown}"


def usage_parts(usage: Usage) -> list[str]:
    """What a turn used, as far as the agent said."""
    parts = []
    if usage.tokens_in is not None or usage.tokens_out is not None:
        parts.append(f"{usage.tokens_in or 0} in, {usage.tokens_out or 0} out")
    if usage.cost_usd:
        parts.append(f"${usage.cost_usd:.4f}")
    if usage.context_used and usage.context_size:
        parts.append(f"context {100 * usage.context_used // usage.context_size} %")
    return parts


def count_lines(diff: ToolDiff) -> tuple[int, int]:
    """Lines added and removed by a tool's diff."""
    import difflib

    old = (diff.old_text or "").splitlines()
    new = diff.new_text.splitlines()
    if len(old) + len(new) > 2000:  # noqa: PLR2004 - comparing more would hold the stream up
        return max(0, len(new) - len(old)), max(0, len(old) - len(new))
    changes = [line[:1] for line in difflib.unified_diff(old, new, n=0) if line[:3] not in HEADS]
    return changes.count("+"), changes.count("-")
