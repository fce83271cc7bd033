"""What a long answer costs the page: 2,000 messages are there, and 200 tokens a second come for 15 seconds.

Chromium runs on a quarter of its speed. All times are CPU time of the page's main thread, which a busy machine changes little.
"""

import asyncio
import json
import time
from typing import Any

from playwright.async_api import CDPSession, Page

from tests.bench.page_stage import SESSION, Stage
from tests.page.browser import chromium

MESSAGES = 2000
TOKENS_PER_SECOND = 200
SECONDS = 15
SLOWER = 4
SCRIPT_MAX = 2.5
TASK_MAX = 200

TRACED = ["disabled-by-default-devtools.timeline", "devtools.timeline"]
ANSWER = """I looked at **the pool** and its tests. A `pid` can be used again, so a *start time* is kept beside it:

- the row has both
- `find_process` checks both, and [the docs](https://example.org) say so

```python
def find(pid: int, started: float) -> Process | None:
    found = Process(pid)
    return found if found.started == started else None
```

| case | before | after |
|---|---|---|
| same pid | wrong | right |

"""


async def main() -> None:
    """Measure it, and say whether it holds what is promised."""
    stage = Stage()
    _fill(stage)
    stage.page = len(stage.log)
    async with stage.open(), chromium() as browser:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        tools = await page.context.new_cdp_session(page)
        await tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        await page.goto(f"{stage.url}/sessions/{SESSION}?changes=hidden")
        log = page.get_by_role("log")
        await page.get_by_text("Turn 1000 ").first.wait_for()
        loaded = await _metrics(tools)
        await asyncio.sleep(2)
        await tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        before = await _metrics(tools)
        await browser.start_tracing(page=page, categories=TRACED)
        await _stream(stage)
        after = await _metrics(tools)
        tasks = _tasks(await browser.stop_tracing())
        left = await log.evaluate("(log) => log.scrollHeight - log.scrollTop - log.clientHeight")
        spent = {
            name: after[name] - before[name]
            for name in ("ScriptDuration", "TaskDuration", "LayoutDuration")
        }
        nodes = await page.locator("*").count()
        heap = after["JSHeapUsedSize"] / 1e6
        print(f"load: script {loaded['ScriptDuration'] * 1000:.0f} ms at full speed")
        print(
            f"stream: script {spent['ScriptDuration']:.2f} s (at most {SCRIPT_MAX}), layout {spent['LayoutDuration']:.2f} s, "
            f"all of the main thread {spent['TaskDuration']:.2f} s"
        )
        print(
            f"longest task {max(tasks, default=0):.0f} ms (at most {TASK_MAX}); {len(tasks)} over 50 ms"
        )
        print(f"{nodes} elements, heap {heap:.1f} MB, {left:.0f} px from the end")
        await _shows_all(page)
        held = spent["ScriptDuration"] <= SCRIPT_MAX and max(tasks, default=0) <= TASK_MAX
        print("held" if held else "NOT HELD")


def _fill(stage: Stage) -> None:
    for turn in range(MESSAGES // 2):
        task = f"t{turn}"
        stage.add("task_created", task, input=f"Question {turn}: what about the pool?", priority=0)
        stage.add("task_started", task)
        stage.add("agent_ready", task, continuity="continued", warm=True, ms=12)
        if turn < MESSAGES // 2 - 1:
            stage.add("text", task, text=ANSWER, message_id=f"m{turn}")
            stage.add("task_ended", task, status="completed", ms=1200)
    stage.line["last_seq"] = stage.line["read_seq"] = len(stage.log)
    stage.line["running_task"] = f"t{MESSAGES // 2 - 1}"


async def _stream(stage: Stage) -> None:
    task = f"t{MESSAGES // 2 - 1}"
    count = TOKENS_PER_SECOND * SECONDS
    began = time.monotonic()
    for token in range(count):
        at = token * 5 % len(ANSWER)
        await stage.play("text", task, text=ANSWER[at : at + 5], message_id="last")
        await asyncio.sleep(max(0, began + (token + 1) / TOKENS_PER_SECOND - time.monotonic()))


def _tasks(trace: bytes) -> list[float]:
    """Milliseconds of each task of the page's main thread that took more than 50."""
    events = json.loads(trace)["traceEvents"]
    names = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event["name"] == "thread_name"
    }
    took = [
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"] == "RunTask"
        and names.get((event["pid"], event["tid"])) == "CrRendererMain"
    ]
    return [ms for ms in took if ms > 50]


async def _metrics(tools: CDPSession) -> dict[str, float]:
    found: dict[str, Any] = await tools.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in found["metrics"]}


async def _shows_all(page: Page) -> None:
    await page.get_by_text("same pid").last.wait_for()


if __name__ == "__main__":
    asyncio.run(main())
