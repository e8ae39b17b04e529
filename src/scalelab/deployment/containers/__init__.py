"""A stack of containers, by Docker Compose or on a Swarm. Whoever started it may go: the engine keeps it running.

`stack.py` is the stack; what Compose and Swarm do differently stands behind `base.Orchestrator`.
"""
