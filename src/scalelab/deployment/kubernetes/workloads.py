"""The objects of each part: a Deployment, or a StatefulSet for what keeps data, and a Service. Pure."""

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.names import PORTS, Document, Part, labels, object_name, selector
from scalelab.deployment.kubernetes.pods import DATA_VOLUME, pod_template
from scalelab.deployment.kubernetes.programs import Data, program_of

_HTTP_PORT = 80
REPLACED_ONE_BY_ONE: Document = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
_WITHOUT_SERVICE: tuple[Part, ...] = ("worker",)


def objects_of(part: Part, topology: Topology) -> list[Document]:
    """Everything that a part is."""
    program = program_of(part, topology)
    template = pod_template(part, program, topology)
    workload = _stateful(part, template, program.data) if program.data else _deployment(part, template, topology)
    if part in _WITHOUT_SERVICE:
        return [workload]
    # A name for the pods' own addresses: the balancer wants each gateway, and a StatefulSet is given none else.
    is_headless = part == "api_gateway" or program.data is not None
    return [workload, _service(part, topology, is_headless=is_headless)]


def described(api_version: str, kind: str, part: Part) -> Document:
    """The head of an object."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": object_name(part), "labels": labels(part)},
    }


def replicas_of(part: Part, topology: Topology) -> int:
    """As the topology asks for."""
    return {"api_gateway": topology.api_gateway.replicas, "worker": topology.worker.replicas}.get(part, 1)


def balancer_port(topology: Topology) -> int:
    """Of the balancer's Service."""
    return topology.load_balancer.port or _HTTP_PORT


def _deployment(part: Part, template: Document, topology: Topology) -> Document:
    pod = template["spec"] | {"topologySpreadConstraints": [_over_zones(part)]}
    return described("apps/v1", "Deployment", part) | {
        "spec": {
            "replicas": replicas_of(part, topology),
            "selector": selector(part),
            "strategy": REPLACED_ONE_BY_ONE,
            "template": template | {"spec": pod},
        }
    }


def _stateful(part: Part, template: Document, data: Data) -> Document:
    claim = {
        "metadata": {"name": DATA_VOLUME},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": f"{data.size_gib}Gi"}},
        },
    }
    return described("apps/v1", "StatefulSet", part) | {
        "spec": {
            "replicas": 1,
            "serviceName": object_name(part),
            "selector": selector(part),
            "template": template,
            "volumeClaimTemplates": [claim],
        }
    }


def _over_zones(part: Part) -> Document:
    return {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": selector(part),
        "matchLabelKeys": ["pod-template-hash"],
    }


def _service(part: Part, topology: Topology, *, is_headless: bool) -> Document:
    port = balancer_port(topology) if part == "load_balancer" else PORTS[part]["traffic"]
    spec: Document = {
        "selector": selector(part)["matchLabels"],
        "ports": [{"name": "traffic", "port": port, "targetPort": "traffic"}],
    }
    return described("v1", "Service", part) | {"spec": {"clusterIP": "None"} | spec if is_headless else spec}
