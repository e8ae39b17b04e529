"""Anybody's CSV file."""

import pytest

from scalelab.lab.analysis.laws.measured_points import FitError
from scalelab.lab.laws.measurements import read_measurements


@pytest.fixture
def csv_file(tmp_path):
    def write(text, encoding="utf-8"):
        file = tmp_path / "m.csv"
        file.write_text(text, encoding=encoding)
        return file

    return write


@pytest.mark.parametrize("head", ["n,x", "Replicas,Throughput", "users,requests/s,remark"])
def test_columns_are_found_by_their_usual_names(csv_file, head):
    """In any case; others are passed over."""
    (series,) = read_measurements(csv_file(f"{head}\n1,10,a\n2,19,b\n"))

    assert (series.name, series.sizes, series.rates) == ("", (1.0, 2.0), (10.0, 19.0))


def test_named_columns_and_series(csv_file):
    """In the order in which they come; several at one size stay several; a byte order mark is no part of a name."""
    text = "what,gw,rps\nmiss,1,64\nhit,1,660\nmiss,1,63\nmiss,3,190\n"

    miss, hit = read_measurements(csv_file(text, "utf-8-sig"), "gw", "rps", "what")

    assert (miss.name, miss.sizes, miss.rates) == ("miss", (1.0, 1.0, 3.0), (64.0, 63.0, 190.0))
    assert hit.name == "hit"


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("a,b\n1,2\n", (), "no column of a usual name for --n; there are: a, b"),
        ("n,x\n1,2\n", ("users",), "no column 'users' for --n"),
        ("n,users,x\n1,1,2\n", (), "several candidates for --n"),
        ("n,x\n", (), "no measurements"),
        ("", (), "for --n; there are: none"),
        ("n,x\n1,two\n", (), "line 2: x is 'two', which is no number"),
        ("n,x\n1\n", (), "line 2: x is None"),
    ],
)
def test_what_cannot_be_read_is_told(csv_file, text, columns, words):
    """With the line, and what there is."""
    with pytest.raises(FitError, match=words):
        read_measurements(csv_file(text), *columns)


def test_a_file_that_is_not_there_is_told(tmp_path):
    """In one line."""
    with pytest.raises(FitError, match=r"cannot read .*absent\.csv: No such file"):
        read_measurements(tmp_path / "absent.csv")
