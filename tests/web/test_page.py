"""The built page is served at its own addresses, kept as long as it may be, and in nobody's way."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roundhouse.service.services import Services
from roundhouse.store.database import Database
from roundhouse.store.notifier import Notifier
from roundhouse.web.page import PLACES, PageFile, read_page
from tests.web.server import BEARER, TOKEN, Running, running

INDEX = "<!doctype html><title>Roundhouse</title><script src='/theme.js'></script>"
SCRIPT = "console.log(1)\n" * 100
ADDRESSES = ("/", "/sessions/abc", "/inbox", "/health", "/settings", "/inbox/anything")


@pytest.fixture
def built(tmp_path: Path) -> dict[str, PageFile]:
    """A small page as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "theme.js").write_text("1")
    (tmp_path / ".built").write_text("")
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    return read_page(tmp_path)


@pytest.fixture
async def page(
    db: Database, notifier: Notifier, built: dict[str, PageFile]
) -> AsyncIterator[Running]:
    """A server with the page."""
    async with running(Services(db, notifier), page=built) as run:
        yield run


async def test_every_address_of_the_page_gets_the_index(page: Running) -> None:
    """It finds out by itself what to show. Browsers ask each time whether it is still the same."""
    for address in ADDRESSES:
        answer = await page.http.get(address)
        assert answer.status_code == 200
        assert answer.text == INDEX
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"
        again = await page.http.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_page_may_load_nothing_from_elsewhere_and_nothing_inline(page: Running) -> None:
    """Scripts and styles are files of this server."""
    policy = (await page.http.get("/")).headers["content-security-policy"]
    # Style attributes alone: decision 13.
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline';", "")
    assert "style-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


async def test_hashed_files_are_kept_for_ever_and_come_compressed(page: Running) -> None:
    """Who cannot decompress gets them as they are."""
    packed = await page.http.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    plain = await page.http.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert packed.text == plain.text == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT)
    assert "content-encoding" not in plain.headers
    for answer in (packed, plain):
        assert "immutable" in answer.headers["cache-control"]
        assert "javascript" in answer.headers["content-type"]
        assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" not in (await page.http.get("/theme.js")).headers["cache-control"]


async def test_what_is_no_part_of_the_page_is_answered_as_before(page: Running) -> None:
    """The interface, unknown files, hidden files, other methods."""
    assert (await page.call("GET", "/api/sessions"))["items"] == []
    for address in ("/api/nothing", "/nothing", "/assets/gone.js", "/.built", "/assets", "/..%2Fx"):
        await page.refused("GET", address, 404)
    await page.refused("POST", "/inbox", 404)
    head = await page.http.head("/inbox")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_link_with_the_token_leads_to_the_place_it_names(page: Running) -> None:
    """Not only to the start; and who has lost the cookie reads what to do."""
    del page.http.headers["Authorization"]
    lost = await page.http.get("/sessions/abc")
    assert lost.status_code == 401
    assert "roundhouse up" in lost.text
    assert (await page.http.get("/assets/index-abc.js")).status_code == 401
    link = await page.http.get(f"/sessions/abc?token={TOKEN}&turn=3")
    assert (link.status_code, link.headers["location"]) == (303, "/sessions/abc?turn=3")
    assert (await page.http.get("/sessions/abc?turn=3")).text == INDEX


async def test_without_a_built_page_its_addresses_say_how_to_build_it(
    db: Database, notifier: Notifier
) -> None:
    """The rest of the server works."""
    async with running(Services(db, notifier), page={}) as run:
        for address in ADDRESSES:
            answer = await run.http.get(address)
            assert answer.status_code == 200
            assert "scripts/build-page.sh" in answer.text
        await run.refused("GET", "/theme.js", 404)
        assert (await run.call("GET", "/api/sessions", headers=BEARER))["items"] == []


def test_the_server_and_the_page_know_the_same_places() -> None:
    """The page's router has a route for each first word, and no other."""
    router = Path(__file__).parents[2] / "page" / "src" / "app" / "router.tsx"
    parts = router.read_text().split("path: '")[1:]
    words = {part.split("'")[0].strip("/").split("/")[0] for part in parts}
    assert words == set(PLACES)
