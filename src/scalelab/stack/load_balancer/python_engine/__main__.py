"""`python -m scalelab.stack.load_balancer.python_engine`: started by the load balancer service, never by hand."""

import gc
import sys

import uvloop

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.python_engine.running import run_engine
from scalelab.stack.service_kit.cannot_start import CannotStartError, log_cannot_start
from scalelab.stack.service_kit.logs import configure_logs
from scalelab.stack.service_kit.serving import OBJECTS_BETWEEN_COLLECTIONS, load_settings_or_exit


def main() -> int:
    """The exit code: 0 stopped, 1 it cannot start."""
    settings = load_settings_or_exit(BalancerSettings)
    configure_logs(settings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)
    try:
        uvloop.run(run_engine(settings))
    except CannotStartError as error:
        log_cannot_start(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
