"""`scalelab export`: what it prints, and how it fails."""

import pytest

from scalelab.cli.main import run_command


def test_manifests_for_a_cluster(capsys, tmp_path):
    """What to type next stands below."""
    folder = tmp_path / "lab"

    code = run_command(["export", "kubernetes", str(folder), "--namespace", "lab", "--set", "load_balancer.port=81"])

    told = capsys.readouterr().out
    assert code == 0
    assert f"kubectl apply -k {folder}/overlays/production" in told
    assert "kubectl --namespace lab port-forward service/load-balancer 8080:81" in told
    assert (folder / "overlays/production/kustomization.yaml").exists()


def test_a_compose_project_of_a_topology_file(capsys, tmp_path):
    """With single fields over it."""
    file, folder = tmp_path / "topology.toml", tmp_path / "lab"
    file.write_text("[api_gateway]\nreplicas = 2\n[worker]\nreplicas = 2\n", encoding="utf-8")

    code = run_command(["export", "compose", str(folder), "--topology", str(file), "--set", "api_gateway.replicas=4"])

    assert code == 0
    assert f"docker compose --file {folder}/compose.yaml up" in capsys.readouterr().out
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    assert {"GATEWAYS=4", "WORKERS=2"} <= set(lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["swarm", "lab"], "swarm"),
        (["kubernetes", "."], "is not empty"),
        (["compose", "lab", "--namespace", "lab"], "--namespace lab is for kubernetes"),
        (["kubernetes", "lab", "--namespace", "Lab"], "--namespace 'Lab' is no name"),
        (["kubernetes", "lab", "--namespace", ""], "--namespace '' is no name"),
        (["kubernetes", "lab", "--set", "nonsense=1"], "nonsense"),
        (["kubernetes", "lab", "--set", "cache.engine=memory"], "not offered on kubernetes"),
        (["kubernetes", "lab", "--topology", "absent.toml"], "absent.toml cannot be read"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, tmp_path, monkeypatch, arguments, words):
    """Exit code 2, and nothing is written."""
    (tmp_path / "mine").touch()
    monkeypatch.chdir(tmp_path)

    code = run_command(["export", *arguments])

    told = capsys.readouterr().err
    assert (code, told.count("\n")) == (2, 1), told
    assert words in told
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
