"""A scripted model behind four vendors' HTTP shapes: real agents are tested against it, offline.

What the model answers stands in the prompt itself, one command a line; `script` lists them.
"""
