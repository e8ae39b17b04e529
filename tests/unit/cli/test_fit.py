"""The verb: exit codes, and what is printed."""

import json

import pytest

from scalelab.cli.main import run_command


@pytest.fixture
def peaked(tmp_path):
    file = tmp_path / "peaked.csv"
    rows = [(n, 100 * n / (1 + 0.02 * (n - 1) + 0.002 * n * (n - 1))) for n in (1, 2, 4, 8, 12, 16, 24, 32)]
    file.write_text("n,x\n" + "".join(f"{n},{x}\n" for n, x in rows))
    return file


def test_a_table_and_sentences(peaked, capsys, tmp_path):
    """Every law, the best one in words, and a picture."""
    code = run_command(["fit", str(peaked), "--graph", str(tmp_path / "peaked.svg")])

    told = capsys.readouterr().out
    assert code == 0
    assert all(law in told for law in ("linear", "amdahl", "usl", "asymptote"))
    assert "greatest at N = 22.1" in told
    assert (tmp_path / "peaked.svg").exists()


def test_json_for_scripts(peaked, capsys):
    """Coefficients as numbers."""
    assert run_command(["fit", str(peaked), "--json"]) == 0

    (series,) = json.loads(capsys.readouterr().out)["series"]
    assert series["best"] == "usl"
    assert series["fits"][0]["parameters"]["beta"]["value"] == pytest.approx(0.002, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("n,x\n1,1\n2,2\n", [], "at least 3 different sizes"),
        ("n,x\n1,1\n2,0\n4,3\n", [], "X must be above 0"),
        ("a,b\n1,1\n", [], "--n"),
        ("s,n,x\nq,1,1\nq,1,1\nq,1,1\n", ["--series", "s"], "series 'q'"),
        ("n,x\n1,1\n2,2\n4,3\n", ["--graph", "law.gif"], "must end in .png or .svg"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, text, arguments, words):
    """Nothing is drawn."""
    file = tmp_path / "m.csv"
    file.write_text(text)

    code = run_command(["fit", str(file), *arguments])

    told = capsys.readouterr().err
    assert code == 2
    assert words in told
    assert len(told.strip().splitlines()) == 1
