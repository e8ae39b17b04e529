"""What is shipped beside the code is found."""

from scalelab.lab.shipped import shipped_experiments, shipped_locustfile


def test_the_classic_experiment_is_shipped():
    """By its name."""
    assert shipped_experiments()["classic"].read_text().startswith("#")


def test_the_locustfile_is_shipped():
    """The one that works on its own, too."""
    assert "LaboratoryUser" in shipped_locustfile().read_text()
