"""The documents speak of what exists: links lead somewhere, and named make targets and verbs are there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)")
MAKE_COMMAND = re.compile(r"`make ([a-z0-9-]+)|^\$? ?make ([a-z0-9-]+)", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(document):
    """Every relative link of a document names a file of the repository."""
    targets = [match.group(1) for match in LINK.finditer(document.read_text(encoding="utf-8"))]

    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_make_targets_exist(document):
    """Every `make target` that a document names is one that make knows."""
    named = {first or second for first, second in MAKE_COMMAND.findall(document.read_text(encoding="utf-8"))}

    assert sorted(named - _make_targets()) == []


def _make_targets() -> set[str]:
    database = subprocess.run(["make", "-pRrq", "help"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"^([a-z0-9-]+):", database, re.MULTILINE))
