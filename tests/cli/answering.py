"""A server of canned answers on a real socket, for what the real one says only in rare moments."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
SESSION = "k3fabcdefghi"
OF_SESSION = {"project_id": "p1", "agents": ["ada", "grace"]}


class Answering:
    """What it will say, by method and path: each answer once, the last one for ever. `asked` is what it heard."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, Any]] = []
        self._held = ""
        self._released = threading.Event()
        self._answers: dict[str, list[tuple[int, Any]]] = {}
        self.say("GET /api/sessions", {"items": [{"id": SESSION, **OF_SESSION}]})

    def say(self, what: str, body: Any, status: int = 200) -> None:
        """Add an answer to `what`, as "GET /path"."""
        self._answers.setdefault(what, []).append((status, body))

    def refuse(self, what: str, code: str, status: int = 409, **more: Any) -> None:
        """Add a refusal."""
        self.say(what, {"error": {"code": code, "message": f"Refused: {code}.", **more}}, status)

    def hold(self, what: str) -> None:
        """Do not answer `what` before `go_on`."""
        self._held = what

    def go_on(self) -> None:
        """Answer what is held."""
        self._released.set()

    def answer(self, method: str, url: str, body: Any) -> tuple[int, Any]:
        """The next answer."""
        parts = urlsplit(url)
        if f"{method} {parts.path}" == self._held:
            self._released.wait()
        self.asked.append((method, url, body))
        left = self._answers.get(f"{method} {parts.path}")
        if not left:
            return 404, {"error": {"code": "not_found", "message": "There is nothing there."}}
        return left[0] if len(left) == 1 else left.pop(0)

    def bodies(self, path: str) -> list[Any]:
        """What was posted there, in order."""
        return [body for method, url, body in self.asked if method == "POST" and url == path]

    @property
    def environment(self) -> dict[str, str]:
        """What makes a command talk to it."""
        return {"ROUNDHOUSE_URL": self.url, "ROUNDHOUSE_TOKEN": "t"}


@contextmanager
def answering() -> Iterator[Answering]:
    """One for the time of the context."""
    said = Answering()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            sent = json.loads(self.rfile.read(size)) if size else None
            status, body = said.answer(self.command, self.path, sent)
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815 - the library's names

        def log_message(  # type: ignore[explicit-override]
            self,
            format: str,  # noqa: A002 - the library's name
            *args: Any,
        ) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield said
    finally:
        said.go_on()
        server.shutdown()
        server.server_close()
        thread.join()


def line(kind: str, text: str, agent: str | None = None, **more: Any) -> Json:
    """A line of a hunk."""
    return {"kind": kind, "text": text, "agent": agent, "task_id": None, **more}


def hunk(name: str, *lines: Json) -> Json:
    """A hunk."""
    return {"id": name, "header": "@@ -1 +1 @@", "lines": list(lines), "agents": [], "task_ids": []}


def file(path: str, *hunks: Json, **more: Any) -> Json:
    """A changed file."""
    plain = {"operation": "edit", "additions": 1, "deletions": 0, "agents": [], "status": "pending"}
    return {"id": "f", "path": path, **plain, "hunks": list(hunks), **more}


def changes(*files: Json, **more: Any) -> Json:
    """A page of changes."""
    totals = {"files": len(files), "additions": 1, "deletions": 0, "agents": []}
    return {"files": list(files), "totals": totals, "next_cursor": None, **more}
