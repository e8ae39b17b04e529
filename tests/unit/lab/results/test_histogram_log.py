"""Histograms on disk and back."""

import pytest

from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import read_histograms, record, write_histograms


def test_histograms_come_back_as_they_were(tmp_path):
    """Two tags, three values, resolution of a thousandth."""
    completed, failed = HdrHistogram(), HdrHistogram()
    for latency_s in (0.001, 0.25, 20.0):
        assert record(completed, latency_s)
    record(failed, 0.002)

    write_histograms(tmp_path / "latency.hlog", {"actual:/data:completed": completed, "b": failed}, 12.0, 48.0)

    read = read_histograms(tmp_path / "latency.hlog")
    assert read.keys() == {"actual:/data:completed", "b"}
    assert read["actual:/data:completed"].count == 3
    assert read["actual:/data:completed"].percentile_us(50) / 1e6 == pytest.approx(0.25, rel=0.001)
    assert read["b"].count == 1


@pytest.mark.parametrize(("latency_s", "fits"), [(0.0, True), (3599.0, True), (3601.0, False), (1e9, False)])
def test_what_does_not_fit_is_told(latency_s, fits):
    """An hour is the longest; nothing is dropped in silence."""
    assert record(HdrHistogram(), latency_s) is fits


def test_lines_that_are_none_are_passed_over(tmp_path):
    """A torn or foreign file gives what can be read."""
    (tmp_path / "latency.hlog").write_text("#[Histogram log format version 1.2]\nTag=a,1,2\nrubbish\n")

    assert read_histograms(tmp_path / "latency.hlog") == {}


def test_a_torn_histogram_is_told(tmp_path):
    """Half of its text: nobody takes what is left for the whole."""
    histogram = HdrHistogram()
    record(histogram, 0.25)
    file = tmp_path / "latency.hlog"
    write_histograms(file, {"a": histogram}, 0.0, 1.0)
    file.write_text(file.read_text()[:-12])

    with pytest.raises(ValueError, match="no encoded histogram"):
        read_histograms(file)
