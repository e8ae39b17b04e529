"""A stack of containers, by Docker Compose. Whoever started it may go: the engine keeps it running."""
