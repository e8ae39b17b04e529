"""`python -m scalelab.stack.load_balancer`: settings in, a running balancer until SIGTERM."""

import asyncio
import sys

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.base import EngineMissing
from scalelab.stack.load_balancer.service import run_balancer
from scalelab.stack.load_balancer.supervision import EngineFailed
from scalelab.stack.service_kit.logs import configure_logs
from scalelab.stack.service_kit.settings import SettingsError, load_settings

_USAGE_EXIT_CODE = 2
_FAILED_EXIT_CODE = 1


def main() -> int:
    """The exit code: 0 stopped, 1 the engine failed, 2 settings, address or engine missing."""
    try:
        settings = load_settings(BalancerSettings)
        configure_logs(settings)
        asyncio.run(run_balancer(settings))
    except (SettingsError, EngineMissing, OSError, ValueError) as error:
        print(f"load_balancer: {error}", file=sys.stderr)  # noqa: T201  one line for the person who started it
        return _USAGE_EXIT_CODE
    except EngineFailed as error:
        print(f"load_balancer: {error}", file=sys.stderr)  # noqa: T201
        return _FAILED_EXIT_CODE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
