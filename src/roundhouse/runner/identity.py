"""Who this runner is: its mark on the processes it starts, and the name of its data folder.

Owns what must be the same after a restart, and whether a database has seen this data folder before.
"""

import os
import secrets
from hashlib import sha256
from pathlib import Path

from roundhouse.store.nodes import Nodes


def marker_of(name: str, data_dir: Path) -> str:
    """What all of this runner's agents carry in their environment, the same after a restart."""
    place = f"{name}\0{data_dir.resolve()}"
    return sha256(place.encode()).hexdigest()[:16]


def resident_self() -> int:
    """Resident memory of this process; 0 where there is no /proc."""
    try:
        fields = Path("/proc/self/statm").read_bytes().split()
    except OSError:
        return 0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def home_of(data_dir: Path) -> str:
    """The data folder's own name, made on first use."""
    path = data_dir / "home-id"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        made = secrets.token_hex(8)
        path.touch(mode=0o600)
        path.write_text(made)
        return made


async def home_is_known(nodes: Nodes, name: str, home: str) -> bool:
    """Whether this database and this data folder belong together since an earlier run.

    Only then is a folder without a session in the database one of a deleted session. Otherwise somebody has
    pointed the folder at another database, and it is their work.
    """
    return any(row.name == name and row.stats.get("home") == home for row in await nodes.all())
