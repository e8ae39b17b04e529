"""Containers as the engine describes them, read as instances of a stack. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from scalelab.contracts.stack_view import ServiceName, ServiceState, ServiceView
from scalelab.deployment.containers.layout import ADMIN_PORT, CACHE_PORT, TRAFFIC_PORT

_SERVICE_LABEL = "com.docker.compose.service"
_NUMBER_LABEL = "com.docker.compose.container-number"


def service_views(inspected: Iterable[Mapping[str, Any]]) -> tuple[ServiceView, ...]:
    """Of `docker inspect`'s documents those that are a service of ours, by service and number.

    Addresses are those of the stack's network: they can be reached from the machine that the engine runs on.
    """
    views = [view for document in inspected if (view := _view(document)) is not None]
    order = get_args(ServiceName)
    return tuple(sorted(views, key=lambda view: (order.index(view.name), int(view.instance.rpartition("-")[2]))))


def _view(document: Mapping[str, Any]) -> ServiceView | None:
    labels = document["Config"]["Labels"] or {}
    service = _service(labels.get(_SERVICE_LABEL, ""))
    if service is None:
        return None
    addresses = [network["IPAddress"] for network in document["NetworkSettings"]["Networks"].values()]
    host = next((address for address in addresses if address), "")
    return ServiceView(
        name=service,
        instance=f"{service}-{labels[_NUMBER_LABEL]}",
        pid=document["State"]["Pid"],
        url=_url(service, host),
        admin_url=f"http://{host}:{ADMIN_PORT}" if host and service != "cache" else "",
        state=_state(document["State"]),
    )


def _service(label: str) -> ServiceName | None:
    for known in get_args(ServiceName):
        if label == known:
            return known  # type: ignore[no-any-return]  # of the literal's own values
    return None


def _url(service: ServiceName, host: str) -> str:
    if not host or service == "worker":
        return ""
    return f"redis://{host}:{CACHE_PORT}/0" if service == "cache" else f"http://{host}:{TRAFFIC_PORT}"


def _state(state: Mapping[str, Any]) -> ServiceState:
    if state["Status"] == "running":
        health = (state.get("Health") or {}).get("Status", "healthy")
        return "ready" if health == "healthy" else "starting" if health == "starting" else "failed"
    return "starting" if state["Status"] in {"created", "restarting"} else "stopped"
