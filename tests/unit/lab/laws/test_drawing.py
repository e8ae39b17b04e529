"""A fit as a picture."""

from scalelab.lab.laws.drawing import write_drawing
from scalelab.lab.laws.measurements import Series
from scalelab.lab.laws.telling import fit_series


def test_a_picture_is_a_picture(tmp_path):
    """PNG and SVG, several series, with and without degrees of freedom for a band."""
    fitted = [
        fit_series(Series("a", (1, 2, 4, 8, 12, 16), (60, 120, 220, 400, 440, 490))),
        fit_series(Series("b", (1, 2, 4), (10, 18, 28))),
    ]

    write_drawing(tmp_path / "law.png", fitted)
    write_drawing(tmp_path / "law.svg", fitted)

    assert (tmp_path / "law.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "law.svg").read_text()
    assert "<svg" in text
    assert "throughput X" in text
