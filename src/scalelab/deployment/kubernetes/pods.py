"""A program as a pod: no root, no rights, a root file system that is read-only, limits. Pure."""

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.files import USER_IN_IMAGE
from scalelab.deployment.kubernetes.names import PORTS, Document, Part, labels, object_name
from scalelab.deployment.kubernetes.programs import Program, Resources
from scalelab.deployment.kubernetes.secrets import secret_mounts, secret_volumes

DATA_VOLUME = "data"
_SCRATCH_SIZE = "64Mi"


def pod_template(part: Part, program: Program, topology: Topology) -> Document:
    """Of a Deployment or a StatefulSet. What outlives the pod is mounted, but its claim is the workload's to make."""
    return {
        "metadata": {"labels": labels(part)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,  # no variables with the addresses of other services
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER_IN_IMAGE,
                "runAsGroup": USER_IN_IMAGE,
                "fsGroup": USER_IN_IMAGE,
                # Else each start opens PostgreSQL's folder to the group, which the server refuses.
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": program.grace_period_s,
            "containers": [_container(part, program, topology)],
            "volumes": [*_scratch_volumes(program), *secret_volumes(part, topology)],
        },
    }


def _container(part: Part, program: Program, topology: Topology) -> Document:
    container: Document = {
        "name": object_name(part),
        "image": program.image,
        "imagePullPolicy": "IfNotPresent",
        "args": list(program.arguments),
        "env": [{"name": name, "value": value} for name, value in program.environment.items()],
        "ports": [{"name": name, "containerPort": port} for name, port in PORTS[part].items()],
        **program.probes,
        "lifecycle": {"preStop": {"sleep": {"seconds": program.pre_stop_s}}} if program.pre_stop_s else {},
        "resources": _resources(program.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*_own_mounts(program), *secret_mounts(part, topology)],
    }
    return {key: value for key, value in container.items() if value}


def _own_mounts(program: Program) -> list[Document]:
    data = [{"name": DATA_VOLUME, "mountPath": program.data.path}] if program.data else []
    return [*data, *({"name": _scratch_name(path), "mountPath": path} for path in program.scratch)]


def _scratch_volumes(program: Program) -> list[Document]:
    return [{"name": _scratch_name(path), "emptyDir": {"sizeLimit": _SCRATCH_SIZE}} for path in program.scratch]


def _scratch_name(path: str) -> str:
    return f"scratch{path.replace('/', '-')}"


def _resources(resources: Resources) -> Document:
    return {
        "requests": _amounts(resources.request_cores, resources.request_memory_mib),
        "limits": _amounts(resources.limit_cores, resources.limit_memory_mib),
    }


def _amounts(cores: float, memory_mib: int) -> Document:
    return {"cpu": f"{round(cores * 1000)}m", "memory": f"{memory_mib}Mi"}
