"""Prints the OpenAPI document, without a server or a database. The page's types are made from it."""

import sys
from typing import Any, cast

from roundhouse.web.app import create_app
from roundhouse.web.openapi import document

# No route is called, so nothing behind them is needed.
app = create_app(cast("Any", None), token="-", allowed_hosts=[], version="0")  # noqa: S106
sys.stdout.buffer.write(document(app) + b"\n")
