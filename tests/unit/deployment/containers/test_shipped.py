"""What the Compose file says of images."""

from scalelab.deployment.containers.shipped import compose_document, image_variables, service_images


def test_every_service_has_an_image():
    """By default that of the file."""
    images = service_images({})

    assert set(images) == set(compose_document()["services"])
    assert images["api_gateway"] == images["worker"] == "scalelab:latest"
    assert images["load_balancer"].startswith("haproxy:")


def test_the_environment_names_another():
    """For all services that share it; an empty variable names none."""
    environment = {"SCALELAB_IMAGE": "lab:7", "VALKEY_IMAGE": "", "HOME": "/"}

    assert service_images(environment)["worker"] == "lab:7"
    assert service_images(environment)["cache"].startswith("valkey/")
    assert image_variables(environment) == {"SCALELAB_IMAGE": "lab:7"}
