"""What a desk and production change, and that each change meets something."""

import pytest

from scalelab.deployment.kubernetes.overlays import image_entries


def overlay(stack, name):
    return stack.files[f"overlays/{name}/kustomization.yaml"][0]


def test_locally_there_is_one_of_each(objects):
    """Whatever the topology says."""
    local = overlay(objects({"api_gateway": {"replicas": 5}}), "local")

    assert {entry["count"] for entry in local["replicas"]} == {1}


def test_in_production_there_are_two_of_each_that_can_be(objects):
    """Or more, if the topology says so; the autoscaler alone decides about gateways."""
    stack = objects({"worker": {"replicas": 3}})

    counts = {entry["name"]: entry["count"] for entry in overlay(stack, "production")["replicas"]}

    assert counts == {"load-balancer": 2, "microservice": 2, "worker": 3}
    assert stack.files["overlays/production/without-replicas.yaml"] == [[{"op": "remove", "path": "/spec/replicas"}]]


@pytest.mark.parametrize(("replicas", "bounds"), [(1, (2, 8)), (3, (3, 12)), (40, (40, 64))])
def test_gateways_follow_their_cpu_within_bounds(objects, replicas, bounds):
    """HAProxy has places for 64."""
    scaler = objects({"api_gateway": {"replicas": replicas}}).of("HorizontalPodAutoscaler")["api-gateway"]["spec"]

    assert (scaler["minReplicas"], scaler["maxReplicas"]) == bounds
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api-gateway"}
    assert scaler["metrics"][0]["resource"]["name"] == "cpu"


def test_the_autoscaler_grows_at_once_and_shrinks_slowly(objects):
    """A gateway that goes takes its hit path with it."""
    behaviour = objects({}).of("HorizontalPodAutoscaler")["api-gateway"]["spec"]["behavior"]

    assert behaviour["scaleUp"]["stabilizationWindowSeconds"] < behaviour["scaleDown"]["stabilizationWindowSeconds"]
    assert behaviour["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]


def test_one_pod_at_a_time_may_be_moved_away(objects):
    """Of what has several; a budget for a single one would only hold up its node."""
    stack = objects({})
    budgets = stack.of("PodDisruptionBudget")

    assert set(budgets) == {"load-balancer", "api-gateway", "microservice", "worker"}
    for name, budget in budgets.items():
        labels = stack.workloads[name]["spec"]["template"]["metadata"]["labels"]
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", ["local", "production"])
def test_every_file_is_named_by_a_kustomization_and_every_name_is_a_file(objects, name):
    """Of resources and of patches; folders have a kustomization of their own."""
    stack = objects({})
    folder = f"overlays/{name}/"
    found = overlay(stack, name)
    named = {path for path in found["resources"] if path.endswith(".yaml")}
    named |= {patch["path"] for patch in found["patches"]}

    written = {path.removeprefix(folder) for path in stack.files if path.startswith(folder)}
    assert named | {"kustomization.yaml"} == written
    assert [path for path in found["resources"] if not path.endswith(".yaml")] == ["../../base", "../../secrets"]


@pytest.mark.parametrize(
    ("image", "entry"),
    [
        ("scalelab:latest", {"newName": "scalelab", "newTag": "latest"}),
        ("registry:5000/lab/scalelab:1.2", {"newName": "registry:5000/lab/scalelab", "newTag": "1.2"}),
        ("registry:5000/lab/scalelab", {"newName": "registry:5000/lab/scalelab", "newTag": "latest"}),
        ("scalelab@sha256:ab", {"newName": "scalelab", "digest": "sha256:ab"}),
    ],
)
def test_an_image_as_kustomize_wants_it(image, entry):
    """A registry's port is no tag."""
    assert image_entries({"scalelab": image}) == [{"name": "scalelab", **entry}]
