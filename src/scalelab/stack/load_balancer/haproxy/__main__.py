"""`python -m scalelab.stack.load_balancer.haproxy`: settings in, a configuration for a HAProxy of its own out.

For containers: nobody supervises HAProxy there, and it finds the gateways by DNS: the first member's host is their name.
"""

import os
import sys

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.haproxy.configuration import Binds, Machine, haproxy_configuration
from scalelab.stack.service_kit.settings import SettingsError, load_settings

_LUA_NAME = "hop_by_hop.lua"
_FILE_LIMIT = 65_536
_USAGE_EXIT_CODE = 2


def main() -> int:
    """Print the configuration; the exit code."""
    try:
        settings = load_settings(BalancerSettings)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  one line for whoever started it
        return _USAGE_EXIT_CODE
    binds = Binds(settings.listen, settings.admin_listen, f"{settings.runtime_dir / 'haproxy.sock'} mode 600")
    machine = Machine(
        file_limit=_FILE_LIMIT, cores=os.cpu_count() or 1, lua_path=str(settings.runtime_dir / _LUA_NAME)
    )
    print(haproxy_configuration(settings, binds, machine, discovered=settings.members[0]))  # noqa: T201  its purpose
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
