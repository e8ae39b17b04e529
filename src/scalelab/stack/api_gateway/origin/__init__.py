"""An unprotected route in front of an HTTP origin whose caching directives it obeys (RFC 9111)."""
