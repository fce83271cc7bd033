"""The built web page: which address gets which file, and how browsers may keep it.

Owns the files in `static/`, their headers and the page's content security policy. Knows nothing of the interface;
what is none of the page's goes on to the routes. Where the page was not built, its addresses say how to build it.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from roundhouse.web import landing

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
PLACES = frozenset({"", "sessions", "inbox", "health", "settings"})
"""The first words of the addresses that the page itself knows. A new view adds its word."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Style attributes are allowed, style elements are not: see decision 13."""
KEPT = "public, max-age=31536000, immutable"
ASKED = "no-cache"


@dataclass(frozen=True)
class PageFile:
    """One file of the page, and its compressed twin."""

    path: Path
    zipped: Path | None
    media_type: str
    etag: str
    immutable: bool


def read_page(folder: Path = STATIC) -> dict[str, PageFile]:
    """Every file of a built page by its address. None at all without an index: half a page is no page.

    Reads them all, so not for the event loop.
    """
    if not (folder / INDEX).is_file():
        return {}
    files: dict[str, PageFile] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name.startswith(".") or path.suffix == ".gz" or not path.is_file():
            continue
        zipped = path.with_name(path.name + ".gz")
        files[name] = PageFile(
            path=path,
            zipped=zipped if zipped.is_file() else None,
            media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            etag=f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}"',
            # The build names these after what is in them.
            immutable=name.startswith("assets/"),
        )
    return files


class Page:
    """Middleware that answers for the page's addresses."""

    def __init__(self, app: ASGIApp, *, files: Mapping[str, PageFile]) -> None:
        self._app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file of the page, or pass the request on."""
        answer = self._answer(scope)
        await (answer or self._app)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path: str = scope["path"]
        name = INDEX if is_place(path) else path.removeprefix("/")
        found = self._files.get(name)
        if found is not None:
            return _send(found, Headers(scope=scope))
        if name == INDEX:
            return HTMLResponse(landing.RUNNING)
        return None


def is_place(path: str) -> bool:
    """Whether the address is one of the page's own, which a person types or keeps."""
    return path.removeprefix("/").partition("/")[0] in PLACES


def _send(file: PageFile, asked: Headers) -> Response:
    headers = {
        "ETag": file.etag,
        "Cache-Control": KEPT if file.immutable else ASKED,
        "Content-Security-Policy": CSP,
        "Vary": "Accept-Encoding",
    }
    known = {tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")}
    if file.etag in known:
        return Response(status_code=304, headers=headers)
    if file.zipped is not None and "gzip" in asked.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return FileResponse(file.zipped, headers=headers, media_type=file.media_type)
    return FileResponse(file.path, headers=headers, media_type=file.media_type)
