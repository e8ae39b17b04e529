"""Reads Envoy's `/stats`: lines of `name: value`. Pure."""

from dataclasses import dataclass

_ACTIVE, _WARMING = "http.traffic.downstream_rq_active", "cluster_manager.warming_clusters"
_CLUSTERS, _ROUTES = "cluster_manager.cds.update_success", "http.traffic.rds.routes.update_success"
SHOW_REQUESTS = f"/stats?filter=^{_ACTIVE}$"
SHOW_UPDATES = f"/stats?filter=^({_WARMING}|{_CLUSTERS}|{_ROUTES})$"


@dataclass(frozen=True)
class Updates:
    """How often clusters and routes have been taken, and how many clusters wait for the checks of their members."""

    clusters: int
    routes: int
    warming: int

    def are_beyond(self, before: "Updates") -> bool:
        """Whether both have been taken since, and nothing waits."""
        return self.clusters > before.clusters and self.routes > before.routes and self.warming == 0


def active_requests(answer: str) -> int:
    """Those in hand, from the answer to `SHOW_REQUESTS`."""
    return _values(answer).get(_ACTIVE, 0)


def updates(answer: str) -> Updates:
    """From the answer to `SHOW_UPDATES`."""
    values = _values(answer)
    return Updates(values.get(_CLUSTERS, 0), values.get(_ROUTES, 0), values.get(_WARMING, 0))


def _values(answer: str) -> dict[str, int]:
    lines = (line.partition(": ") for line in answer.splitlines())
    return {name: int(value) for name, separator, value in lines if separator and value.isdigit()}
