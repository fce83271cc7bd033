"""The HTTP door: routes, WebSocket, server-sent events, and the checks before all of them. Decides nothing itself."""
