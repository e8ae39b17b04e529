"""The documents speak of what exists: links lead somewhere, and named make targets and verbs are there."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scalelab.lab.objectives import parse_objectives
from scalelab.lab.plan import make_plan

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)")
EXPERIMENT = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
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


def test_the_site_is_built_without_a_warning(tmp_path):
    """Links and anchors lead somewhere, headings follow one another, and every page is in the table of contents."""
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        ROOT / "docs",
        tmp_path / "site",
    ]

    built = subprocess.run([*command, "-d", tmp_path / "doctrees"], capture_output=True, text=True, check=False)

    assert built.stderr == ""
    assert (tmp_path / "site" / "index.html").exists()


def _make_targets() -> set[str]:
    database = subprocess.run(["make", "-pRrq", "help"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"^([a-z0-9-]+):", database, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_toml_is_what_it_is_said_to_be(document):
    """Every block is TOML; a whole experiment can be planned, and objectives can be read."""
    for block in EXPERIMENT.findall(document.read_text(encoding="utf-8")):
        content = tomllib.loads(block)
        if "schema" in content:
            assert make_plan(content, document.name).scenarios
        parse_objectives(content.get("slo", {}))
