"""What else differs between two runs."""

import pytest

from scalelab.lab.comparison_caveats import circumstances_that_differ
from scalelab.lab.results.manifest import Host, Manifest


@pytest.fixture
def manifest():
    return Manifest(
        experiment="classic",
        question="",
        is_quick=False,
        seed=1,
        started_at="2026-01-01T00:00:00+00:00",
        order=(),
        experiment_as_run={"topology": {"database": {"pool_size": 64}}, "load": {"users": 1000}},
        host=Host(
            system="Linux", machine="x86_64", cpu_model="a CPU", logical_cores=2, memory_bytes=2**33, python="3.11"
        ),
        packages={"scalelab": "0.1.0"},
        engines={"haproxy": "2.8"},
        git_revision="abc",
    )


def test_equal_circumstances_are_not_mentioned(manifest):
    """Another start and another seed are what a repetition is."""
    assert circumstances_that_differ(manifest, manifest.model_copy(update={"seed": 2})) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"experiment": "tuned"}, "'classic' and 'tuned'"),
        ({"is_quick": True}, "quick"),
        ({"experiment_as_run": {"topology": {"database": {"pool_size": 8}}, "load": {"users": 1000}}}, "64 and 8"),
        ({"packages": {"scalelab": "0.2.0"}}, "scalelab '0.1.0' and '0.2.0'"),
        ({"engines": {}}, "haproxy '2.8' and None"),
        ({"git_revision": "def"}, "abc and def"),
    ],
)
def test_each_difference_is_named(manifest, changes, words):
    """With both values."""
    (caveat,) = circumstances_that_differ(manifest, manifest.model_copy(update=changes))

    assert words in caveat


def test_another_host_is_named(manifest):
    """By what differs."""
    other = manifest.model_copy(update={"host": manifest.host.model_copy(update={"logical_cores": 8})})

    assert circumstances_that_differ(manifest, other) == ("hosts: logical_cores 2 and 8",)


def test_without_a_manifest_nothing_is_known(manifest):
    """And that is said."""
    assert "manifest is missing" in circumstances_that_differ(manifest, None)[0]
