"""Which resource binds, how sure that is, and what one more of it would buy. Pure."""
