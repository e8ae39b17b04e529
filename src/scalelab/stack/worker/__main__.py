"""`python -m scalelab.stack.worker`: reads its settings, dies with its parent, runs long tasks."""

import asyncio
import os

from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.service_kit.cannot_start import CannotStartError, log_cannot_start
from scalelab.stack.service_kit.logs import configure_logs
from scalelab.stack.service_kit.parent_watch import die_with_parent
from scalelab.stack.service_kit.serving import load_settings_or_exit
from scalelab.stack.worker.app import serve
from scalelab.stack.worker.lease_keeper import lease_keeper

CANNOT_START_EXIT_CODE = 3
"""As Gunicorn's, so that all services end alike."""


def main() -> None:
    """Run one worker until it is told to stop."""
    die_with_parent(os.getppid())
    settings = load_settings_or_exit(WorkerSettings)
    configure_logs(settings)
    try:
        with lease_keeper(settings) as keeper:
            asyncio.run(serve(settings, keeper))
    except CannotStartError as error:
        log_cannot_start(error)
        raise SystemExit(CANNOT_START_EXIT_CODE) from error


if __name__ == "__main__":
    main()
