"""HTTP caching as RFC 9111, RFC 5861 and RFC 9213 mean it, as pure decisions: no sockets, no store, no clock."""
