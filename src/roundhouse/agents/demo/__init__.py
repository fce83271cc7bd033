"""A scripted agent that speaks ACP on stdin and stdout, for first runs, demonstrations and tests.

It is a program (`python -m roundhouse.agents.demo`) and shares no code with Roundhouse: standard library only,
few imports, so that it starts in a blink.
"""
