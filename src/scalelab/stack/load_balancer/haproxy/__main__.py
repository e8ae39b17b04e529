"""`python -m scalelab.stack.load_balancer.haproxy FOLDER`: settings in, the files of a HAProxy in a container out.

Nobody supervises HAProxy there, and it finds the gateways by DNS: the one member's host is their common name.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.haproxy.configuration import Binds, Machine, haproxy_configuration
from scalelab.stack.service_kit.serving import load_settings_or_exit

CONFIGURATION_NAME = "haproxy.cfg"
LUA_NAME = "hop_by_hop.lua"
CORES = 2
FILE_LIMIT = 16_384
"""As `deploy/compose.yaml` allows the container."""
_USAGE_EXIT_CODE = 2


def main(arguments: Sequence[str] = sys.argv[1:]) -> int:
    """Write the files; the exit code."""
    if len(arguments) != 1:
        print("say where to: a folder", file=sys.stderr)  # noqa: T201  for whoever started it
        return _USAGE_EXIT_CODE
    folder = Path(arguments[0])
    settings = load_settings_or_exit(BalancerSettings)
    binds = Binds(settings.listen, settings.admin_listen, f"{settings.runtime_dir / 'haproxy.sock'} mode 600")
    machine = Machine(file_limit=FILE_LIMIT, cores=CORES, lua_path=str(settings.runtime_dir / LUA_NAME))
    text = haproxy_configuration(settings, binds, machine, discovered=settings.members[0])
    (folder / CONFIGURATION_NAME).write_text(text, encoding="utf-8")
    shutil.copyfile(Path(__file__).with_name(LUA_NAME), folder / LUA_NAME)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
