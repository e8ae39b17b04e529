"""The verb's own decisions: which experiment, which overrides, which exit code."""

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.main import run_command
from scalelab.cli.run import read_plan


def plan_of(experiment="classic", **options):
    return read_plan(experiment, **{"is_quick": False, "only": (), "settings": (), **options})


def test_a_shipped_experiment_is_found_by_its_name():
    """`scalelab run classic`."""
    assert plan_of().experiment.name == "classic"


def test_an_unknown_experiment_is_refused_with_those_there_are():
    """A typing mistake."""
    with pytest.raises(CommandError, match=r"no experiment 'clasic'.*classic"):
        plan_of("clasic")


@pytest.mark.parametrize("setting", ["load_balancer.engine=python", "topology.load_balancer.engine=python"])
def test_a_topology_field_may_be_set_with_or_without_its_table(setting):
    """As `scalelab up --set` takes it, too."""
    scenarios = plan_of(settings=(setting,)).scenarios

    assert {scenario.topology.load_balancer.engine for scenario in scenarios} == {"python"}


def test_load_and_factors_may_be_set():
    """Fields of the experiment itself."""
    (scenario,) = plan_of(settings=("load.users=50", "factors.gateways=[2]", 'factors.cache=["hit"]')).scenarios

    assert (scenario.load.users, scenario.name) == (50, "results_2_gateways_hit")


def test_every_fault_is_told_and_the_exit_code_is_2(tmp_path, capsys):
    """Overrides and file together; nothing is started."""
    file = tmp_path / "bad.toml"
    file.write_text('schema = 1\nname = "bad"\n[load]\nusers = 0\n[topology.cache]\nengin = "x"\n')

    code = run_command(["run", str(file), "--set", "nonsense", "--results", str(tmp_path / "results")])

    told = capsys.readouterr().err
    assert code == 2
    for part in ("--set nonsense", "load.users = 0", "topology.cache.engin", "nothing was started"):
        assert part in told
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(("text", "part"), [("a = = 1", "is not TOML"), (None, "no experiment")])
def test_unreadable_files_are_told_in_one_line(tmp_path, capsys, text, part):
    """Not TOML, or not there."""
    file = tmp_path / "odd.toml"
    if text is not None:
        file.write_text(text)

    code = run_command(["run", str(file)])

    assert code == 2
    assert part in capsys.readouterr().err


def test_an_absent_stack_is_told(capsys):
    """`--on-running` without one."""
    code = run_command(["run", "classic", "--on-running", "no-such-stack"])

    assert code != 0
    assert "no-such-stack" in capsys.readouterr().err


def test_repeat_and_seed_are_of_the_plan():
    """`--repeat 3 --seed 7` are the experiment's own keys."""
    plan = plan_of(settings=("repeat=3", "seed=7"))

    assert (len(plan.order()), plan.experiment.seed) == (12, 7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--repeat", "0"), "repeat = 0"),
        (("--until", "5"), "such as 5%"),
        (("--until", "5%", "--budget", "soon"), "20m"),
        (("--until", "5%", "--repeat", "3"), "leave out --repeat"),
        (("--set", 'slo.p99="200 ms"'), "is no criterion"),
    ],
)
def test_bad_repetitions_and_objectives_are_told_before_anything_starts(capsys, arguments, words):
    """Exit code 2."""
    assert run_command(["run", "classic", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_an_experiment_is_not_measured_on_a_swarm(capsys):
    """Whose metrics cannot be read: refused, with what can be done instead."""
    assert run_command(["run", "classic", "--on", "swarm"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "--on swarm is not for `scalelab run`" in line
    assert "--on compose" in line


@pytest.mark.parametrize("option", [("--on", "compose"), ("--on-running", "default")])
def test_faults_need_a_stack_of_the_runs_own(option, capsys):
    """Refused before anything starts, with what to leave out."""
    assert run_command(["run", "faults", *option]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "has faults" in line
    assert line.endswith(f"leave out {option[0]}")
