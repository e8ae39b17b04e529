"""Classes of requests, the highest first: who waits first in line, and who is sent away last."""

from typing import Literal, get_args

Priority = Literal["high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
PRIORITY_CLAIM = "priority"
"""In a token; without it a request is `normal`."""
PRIORITY_SCOPE_PREFIX = "priority:"
"""`priority:high` among an account's scopes becomes the claim of its tokens, and is no scope of theirs."""
