"""Which balancers work on which systems, and why not elsewhere: for who starts a stack, and for the balancer."""

from scalelab.contracts.topology import BalancerEngine

_LINUX_ONLY: dict[BalancerEngine, str] = {
    "envoy": "its port is kept by a socket that has stopped to listen, which only Linux can do",
    "nginx": "its workers are told apart by what Linux tells about processes",
}
"""Engine -> what it needs. shutdown(2) of a listening socket is an error (ENOTCONN) on BSD systems."""


def unfit_reason(engine: BalancerEngine, system: str) -> str | None:
    """Why the engine does not work on a system (as `sys.platform` names it), in one line; None when it does."""
    need = _LINUX_ONLY.get(engine)
    if need is None or system == "linux":
        return None
    return (
        f"load_balancer.engine = '{engine}' works on Linux only, and this is {system}: {need}; "
        "choose 'haproxy' or 'python'"
    )
