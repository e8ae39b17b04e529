"""The verb: every run and its time, and nothing started."""

import json

from scalelab.cli.main import run_command


def test_runs_in_order_with_their_time(capsys):
    """The table, then the sum."""
    assert run_command(["plan", "next_replica", "--verify"]) == 0

    told = capsys.readouterr().out
    assert "4 gateways, miss (predicted first)" in told
    assert "- 5 runs of 5 scenarios, about " in told


def test_repetitions_are_blocks(capsys):
    """Three of each, in an order from the seed."""
    assert run_command(["plan", "classic", "--quick", "--repeat", "3", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert [run["repetition"] for run in document["runs"]] == [1] * 4 + [2] * 4 + [3] * 4
    assert 200 < document["expected_s"] < 400


def test_a_fraction_says_what_it_costs(capsys, tmp_path):
    """Half of 2 x 2 x 2, and which effects cannot be told apart."""
    file = tmp_path / "half.toml"
    file.write_text(
        'schema = 1\nname = "half"\nfraction = "half"\n[factors]\ngateways = [1, 2]\ncache = ["miss", "hit"]\n'
        '"topology.database.pool_size" = [8, 64]\n'
    )

    assert run_command(["plan", str(file), "--quick"]) == 0

    told = capsys.readouterr().out
    assert "4 runs of 4 scenarios" in told
    assert "In this half of the grid gateways cannot be told from cache x database.pool_size." in told


def test_an_impossible_plan_is_exit_code_2(capsys, tmp_path):
    """All that is wrong with it."""
    file = tmp_path / "bad.toml"
    file.write_text('schema = 1\nname = "bad"\nfraction = "half"\n[factors]\ngateways = [1, 2]\n')

    assert run_command(["plan", str(file)]) == 2
    assert "is for 3, 4, 5, 6, 7 factors, not for 1" in capsys.readouterr().err
