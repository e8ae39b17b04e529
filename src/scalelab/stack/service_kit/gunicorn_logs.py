"""Gunicorn's logger, sent through the service's own structured logs."""

import logging
from typing import Any

from gunicorn.glogging import Logger


class QuietLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands Gunicorn's lines to the root logger, which `configure_logs` has set up, and writes nothing itself."""

    def setup(self, cfg: Any) -> None:
        """Replaces Gunicorn's own handlers."""
        self.cfg = cfg
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
        self.error_log.setLevel(logging.getLogger().level)
        self.access_log.setLevel(logging.WARNING)

    def reopen_files(self) -> None:
        """There are none."""
