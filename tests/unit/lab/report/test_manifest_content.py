"""With what it was measured."""

from scalelab.lab.report.manifest_content import manifest_rows


def test_it_says_versions_machine_and_seed(classic, manifest):
    """What somebody needs to do it again."""
    rows = dict(manifest_rows(manifest(classic)))

    assert rows == {
        "Started": "2026-01-01T00:00:00+00:00",
        "scalelab": "0.1.0",
        "Seed": "1",
        "System": "Linux, x86_64",
        "Processor": "a CPU, 2 cores",
        "Memory": "8.0 GiB",
        "Python": "3.11",
        "valkey": "9",
    }


def test_without_a_manifest_nothing_is_made_up():
    """No rows."""
    assert manifest_rows(None) == ()
