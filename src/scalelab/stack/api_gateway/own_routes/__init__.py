"""Routes of one's own: what a routes file says, done to requests. The cache before their services is `origin`."""
