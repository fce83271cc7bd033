"""Table `available_agents`: what the probe found on each node."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Collection

from roundhouse.model.agent import AgentInfo
from roundhouse.model.errors import NotFound
from roundhouse.store.database import Database
from roundhouse.store.rows import fetch, fetch_one, storable_json, storable_text

_COLUMNS = """name, kind, label, installed, enabled, node_id::text, version, models, modes, commands,
    capabilities, diagnostic, install_hint, probed_at"""
# A person's switch-off outlives the next probe; so does the configuration's.
_SAVE = """
    INSERT INTO available_agents AS a (node_id, name, kind, label, version, installed, enabled, models,
        modes, commands, capabilities, diagnostic, install_hint, probed_at)
    VALUES (%(node_id)s, %(name)s, %(kind)s, %(label)s, %(version)s, %(installed)s, %(enabled)s, %(models)s,
        %(modes)s, %(commands)s, %(capabilities)s, %(diagnostic)s, %(install_hint)s,
        coalesce(%(probed_at)s, now()))
    ON CONFLICT (node_id, name) DO UPDATE SET kind = excluded.kind, label = excluded.label,
        version = excluded.version, installed = excluded.installed,
        enabled = a.enabled AND excluded.enabled, models = excluded.models, modes = excluded.modes,
        commands = excluded.commands, capabilities = excluded.capabilities,
        diagnostic = excluded.diagnostic, install_hint = excluded.install_hint, probed_at = excluded.probed_at"""
_LIST = f"""
    SELECT {_COLUMNS} FROM available_agents a
    WHERE %(node)s::integer IS NULL OR a.node_id = %(node)s ORDER BY a.name, a.node_id"""
_GET = f"""
    SELECT {_COLUMNS} FROM available_agents a WHERE a.name = %s
    ORDER BY a.installed DESC, a.probed_at DESC NULLS LAST LIMIT 1"""
_SET_ENABLED = "UPDATE available_agents SET enabled = %s WHERE name = %s"
_KEEP_ONLY = "DELETE FROM available_agents WHERE node_id = %s AND name <> ALL (%s)"


class AvailableAgents:
    """The probed agents of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, node_id: int | str, info: AgentInfo) -> None:
        """Write what a probe found; an agent that was switched off stays so. Raises NotFound for the node."""
        values = {
            "node_id": int(node_id),
            "name": info.name,
            "kind": info.kind.value,
            "label": storable_text(info.label),
            "version": info.version and storable_text(info.version),
            "installed": info.installed,
            "enabled": info.enabled,
            "models": storable_json(info.models),
            "modes": storable_json(info.modes),
            "commands": storable_json(info.commands),
            "capabilities": storable_json(info.capabilities),
            "diagnostic": info.diagnostic and storable_text(info.diagnostic),
            "install_hint": storable_text(info.install_hint),
            "probed_at": info.probed_at,
        }
        async with self._db.connection() as conn:
            await conn.execute(_SAVE, values)

    async def get(self, name: str) -> AgentInfo:
        """One agent, from a node that has it installed if there is one. Raises NotFound."""
        async with self._db.connection() as conn:
            info = await fetch_one(conn, AgentInfo, _GET, (name,))
        if info is None:
            raise NotFound(f"There is no agent {name}.")
        return info

    async def set_enabled(self, name: str, enabled: bool) -> None:
        """Switch an agent on or off, on every node. Raises NotFound."""
        async with self._db.connection() as conn:
            moved = await conn.execute(_SET_ENABLED, (enabled, name))
        if not moved.rowcount:
            raise NotFound(f"There is no agent {name}.")

    async def keep_only(self, node_id: int | str, names: Collection[str]) -> None:
        """Forget a node's agents that its catalog does not have any more."""
        async with self._db.connection() as conn:
            await conn.execute(_KEEP_ONLY, (int(node_id), list(names)))

    async def list(self, node_id: int | str | None = None) -> list[AgentInfo]:
        """The agents of one node, or of all (a name once per node), by name."""
        node = None if node_id is None else int(node_id)
        async with self._db.connection() as conn:
            return await fetch(conn, AgentInfo, _LIST, {"node": node})
