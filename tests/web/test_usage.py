"""The sums over HTTP."""

from tests.web.server import Running


async def test_usage_can_be_asked_for_by_every_key(server: Running) -> None:
    """An empty list where nothing ran; anything else is refused by name."""
    for by in ("agent", "project", "day"):
        assert await server.call("GET", f"/api/usage?by={by}") == {"items": [], "next_cursor": None}
    for wrong, field in (("by=model", "by"), ("days=0", "days"), ("days=1000", "days")):
        answer = await server.http.get(f"/api/usage?{wrong}")
        assert answer.status_code == 422
        assert answer.json()["error"]["field"] == field
