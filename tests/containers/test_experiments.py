"""Experiments in containers: the same results as on processes, and a CPU quota that gateways can be counted by."""

import json

import pytest

pytestmark = pytest.mark.timeout(900)


def records(folder):
    return {file.parts[-3]: json.loads(file.read_text()) for file in folder.glob("latest/results_*/1/run.json")}


def test_classic_quick_has_the_same_results(scalelab, tmp_path):
    """Four valid scenarios, the same files as of a stack of processes, and the engine's version in the manifest."""
    results, reports = tmp_path / "results", tmp_path / "reports"

    scalelab("run", "classic", "--quick", "--on", "compose", "--results", results, limit_s=600.0)
    scalelab("report", results / "latest", "--reports", reports)

    found = records(results)
    assert set(found) == {
        f"results_{size}_{cache}" for size in ("1_gateway", "3_gateways") for cache in ("miss", "hit")
    }
    assert [record["failures"] for record in found.values()] == [0, 0, 0, 0]
    assert [record["validity"] for record in found.values()] == [["valid"]] * 4
    assert "docker" in json.loads((results / "latest" / "manifest.json").read_text())["engines"]
    assert (reports / "summary.md").exists()
    assert (reports / "report.html").exists()


def test_with_a_quota_throughput_scales_with_replicas(scalelab, tmp_path):
    """An eighth of a core and 24 users for each: more gateways answer more, and it is their CPU that binds.

    How much more depends on what else the machine's cores do meanwhile: CPU seconds of one answer are no constant.
    """
    results = tmp_path / "results"
    diagonal = [f"results_{size}_users_{users}_miss" for size, users in
                (("1_gateway", 24), ("2_gateways", 48), ("3_gateways", 72))]  # fmt: skip

    only = [option for name in diagonal for option in ("--only", name)]
    scalelab(
        "run", "cpu_quota", "--quick", "--on", "compose", "--results", results, *only, codes=(0, 3), limit_s=600.0
    )

    found = records(results)
    rates = [found[name]["throughput_per_s"] for name in diagonal]
    assert [found[name]["failures"] for name in diagonal] == [0, 0, 0]
    assert rates[1] / rates[0] > 1.4, rates
    assert rates[2] / rates[0] > 1.9, rates
    for name in diagonal:
        (use,) = [use for use in found[name]["resources"] if use["name"] == "CPU of api_gateway"]
        cores = use["units"] * use["places"]
        seconds = sum(use["demand_parts_s"]) / len(use["demand_parts_s"])
        assert use["busy_mean"] / cores > 0.85, name
        assert found[name]["throughput_per_s"] == pytest.approx(cores / seconds, rel=0.15), name
