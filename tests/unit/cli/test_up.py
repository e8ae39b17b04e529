from scalelab.cli.main import run_command


def test_a_dashboard_needs_somebody_who_stays(capsys):
    """It would end at once: nothing is started, and what to do instead is said."""
    code = run_command(["up", "--watch", "--detach"])

    assert code == 2
    assert "--watch and --detach exclude each other" in capsys.readouterr().err
