"""`tests/unit` mirrors `src/scalelab` file for file, so that a reader finds the test of a module by its path."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "scalelab"
UNIT = ROOT / "tests" / "unit"


def test_each_unit_test_stands_where_its_module_stands():
    """tests/unit/a/test_b.py exists only where src/scalelab/a/b.py (or the package a/b) does."""
    strays = [
        str(test.relative_to(ROOT))
        for test in sorted(UNIT.rglob("test_*.py"))
        if not _subject(test).with_suffix(".py").exists() and not _subject(test).is_dir()
    ]

    assert strays == []


def _subject(test: Path) -> Path:
    relative = test.relative_to(UNIT)
    return SOURCE / relative.with_name(relative.stem.removeprefix("test_"))
