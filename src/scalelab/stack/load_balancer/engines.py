"""The table of engines. Each is imported only when it is chosen."""

from collections.abc import Callable

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.base import Engine, Listeners

LogLine = Callable[[str], None]


def _haproxy(settings: BalancerSettings, listeners: Listeners) -> tuple[Engine, LogLine]:
    from scalelab.stack.load_balancer.haproxy.engine import HaproxyEngine  # noqa: PLC0415
    from scalelab.stack.load_balancer.haproxy.log_lines import log_haproxy_line  # noqa: PLC0415

    return HaproxyEngine.of_this_machine(settings, listeners), log_haproxy_line


def _python(settings: BalancerSettings, listeners: Listeners) -> tuple[Engine, LogLine]:
    from scalelab.stack.load_balancer.python_engine.engine import PythonEngine, pass_line_on  # noqa: PLC0415

    return PythonEngine(settings, listeners), pass_line_on


def _envoy(settings: BalancerSettings, listeners: Listeners) -> tuple[Engine, LogLine]:
    from scalelab.stack.load_balancer.envoy.engine import EnvoyEngine  # noqa: PLC0415
    from scalelab.stack.load_balancer.envoy.log_lines import log_envoy_line  # noqa: PLC0415

    return EnvoyEngine.of_this_machine(settings, listeners), log_envoy_line


def _nginx(settings: BalancerSettings, listeners: Listeners) -> tuple[Engine, LogLine]:
    from scalelab.stack.load_balancer.nginx.engine import NginxEngine  # noqa: PLC0415
    from scalelab.stack.load_balancer.nginx.log_lines import log_nginx_line  # noqa: PLC0415

    return NginxEngine.of_this_machine(settings, listeners), log_nginx_line


ENGINES: dict[str, Callable[[BalancerSettings, Listeners], tuple[Engine, LogLine]]] = {
    "haproxy": _haproxy,
    "envoy": _envoy,
    "nginx": _nginx,
    "python": _python,
}
"""Engine name -> maker of the engine and of what logs its lines. A maker may raise `EngineMissing`."""
