"""What differs between a cluster on a desk and one that serves: kustomizations and their patches. Pure."""

from collections.abc import Mapping

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.names import Document, Part, object_name, selector
from scalelab.deployment.kubernetes.secrets import secret_generators
from scalelab.deployment.kubernetes.workloads import described, replicas_of

MOST_GATEWAYS = 64
"""As a topology allows, and as HAProxy has places for."""
REPLICATED: tuple[Part, ...] = ("load_balancer", "api_gateway", "microservice", "worker")
LEAST_REPLICAS = 2
"""In production: one may go at any time."""
_GROWTH = 4
_BUSY_PERCENT = 70


def kustomization(**content: object) -> Document:
    """A kustomization with this content."""
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **content}


def secrets_kustomization(topology: Topology) -> Document:
    """Makes the Secrets from files. Their names get a hash of the content: pods are replaced when it changes."""
    return kustomization(secretGenerator=secret_generators(topology))


def local_overlay(namespace: str, images: Mapping[str, str]) -> dict[str, list[object]]:
    """Files of the overlay: one of each part, asking for little."""
    little = {"cpu": "20m", "memory": "64Mi"}
    requests = "/spec/template/spec/containers/0/resources/requests"
    whole = kustomization(
        namespace=namespace,
        resources=["../../base", "../../secrets"],
        images=image_entries(images),
        replicas=[{"name": object_name(part), "count": 1} for part in REPLICATED],
        patches=[{"path": "requests.yaml", "target": {"kind": kind}} for kind in ("Deployment", "StatefulSet")],
    )
    return {
        "kustomization.yaml": [whole],
        "requests.yaml": [[{"op": "replace", "path": requests, "value": little}]],
    }


def production_overlay(topology: Topology, namespace: str, images: Mapping[str, str]) -> dict[str, list[object]]:
    """Files of the overlay: two of each part that can be, gateways as many as their CPU wants, on hosts apart."""
    anti_affinity: dict[str, list[object]] = {
        f"anti-affinity/{object_name(part)}.yaml": [_anti_affinity(part)] for part in REPLICATED
    }
    counts = {part: max(LEAST_REPLICAS, replicas_of(part, topology)) for part in REPLICATED if part != "api_gateway"}
    uncounted = {
        "path": "without-replicas.yaml",
        "target": {"kind": "Deployment", "name": object_name("api_gateway")},
    }
    whole = kustomization(
        namespace=namespace,
        resources=["../../base", "../../secrets", "autoscaling.yaml", "disruption-budgets.yaml"],
        images=image_entries(images),
        replicas=[{"name": object_name(part), "count": count} for part, count in counts.items()],
        patches=[uncounted, *({"path": path} for path in anti_affinity)],
    )
    return {
        "kustomization.yaml": [whole],
        "autoscaling.yaml": [_autoscaler(topology)],
        "without-replicas.yaml": [[{"op": "remove", "path": "/spec/replicas"}]],
        "disruption-budgets.yaml": [_one_at_a_time(part) for part in REPLICATED],
        **anti_affinity,
    }


def image_entries(images: Mapping[str, str]) -> list[Document]:
    """Entries of `images`: name in the base -> image, with a tag, a digest or neither."""
    return [{"name": name, **_image(image)} for name, image in images.items()]


def _image(image: str) -> Document:
    name, at, digest = image.partition("@")
    if at:
        return {"newName": name, "digest": digest}
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # that colon was a registry's port
        return {"newName": name, "newTag": "latest"}
    return {"newName": repository, "newTag": tag}


def _autoscaler(topology: Topology) -> Document:
    least = max(LEAST_REPLICAS, topology.api_gateway.replicas)
    gateways = {"apiVersion": "apps/v1", "kind": "Deployment", "name": object_name("api_gateway")}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": _BUSY_PERCENT}}
    return described("autoscaling/v2", "HorizontalPodAutoscaler", "api_gateway") | {
        "spec": {
            "scaleTargetRef": gateways,
            "minReplicas": least,
            "maxReplicas": min(MOST_GATEWAYS, _GROWTH * least),
            "metrics": [{"type": "Resource", "resource": cpu}],
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 0,
                    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 30}],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 300,
                    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
                },
            },
        }
    }


def _one_at_a_time(part: Part) -> Document:
    return described("policy/v1", "PodDisruptionBudget", part) | {
        "spec": {"maxUnavailable": 1, "selector": selector(part), "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    }


def _anti_affinity(part: Part) -> Document:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector(part)}
    wish = {"weight": 100, "podAffinityTerm": term}
    affinity = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": object_name(part)},
        "spec": {"template": {"spec": {"affinity": affinity}}},
    }
