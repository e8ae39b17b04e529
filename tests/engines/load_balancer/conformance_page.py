"""What the suite found, as a page: engine x case. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

BY_NATURE = "by nature"
FRAMING = "test_what_is_framed_to_deceive_is_refused"
_NOT_OFFERED = "not offered: "
_HEAD = """# Conformance of the balancers

The same suite (`tests/engines/load_balancer`) runs over a real process of each engine, in front of real gateways:
this is what it found with {versions}. `make conformance` writes this page anew.

**pass**: as promised. **otherwise**: not what the case asks for, but known, and the test holds it to that.
**not offered**: the engine cannot, the suite does not try, and where a setting would ask for it the setting is
refused. **-**: a case of another engine. Numbers lead to the notes below.
"""
_TITLES = {
    "test_forwarding": "Requests and answers pass",
    "test_answers": "Answers by the letter",
    "test_early_leavers": "Clients leave early",
    "test_framing": "Requests that are framed to deceive",
    "test_tunnels": "Tunnels",
    "test_faults": "Gateways fail",
    "test_membership": "Gateways come and go",
    "test_policies": "Policies",
    "test_policy_change": "The policy is changed live",
    "test_care": "Care for gateways",
    "test_life": "The service as a process",
}


@dataclass(frozen=True)
class Result:
    """Of one case through one engine. `note` is empty for a plain pass."""

    section: str
    case: str
    engine: str
    verdict: str
    note: str = ""


def results_of(node_id: str, outcome: str, reason: str, found: Sequence[tuple[str, object]]) -> Iterable[Result]:
    """The results of one test: `file::test[engine-parameters]`, its outcome, why it was skipped, what it recorded."""
    path, _, name = node_id.rpartition("::")
    test, _, parameters = name.partition("[")
    engine, *rest = parameters.rstrip("]").split("-")
    section = PurePosixPath(path).stem
    if test == FRAMING:
        for case, verdict in found:
            is_plain = verdict in {"pass", "fail"}
            text = str(verdict)
            yield Result(section, _words(case), engine, text if is_plain else "otherwise", "" if is_plain else text)
        return
    case = " ".join([_words(test.removeprefix("test_")), *([f"({', '.join(rest)})"] if rest else [])])
    if outcome == "skipped":
        yield Result(section, case, engine, "not offered", reason.partition(_NOT_OFFERED)[2])
    elif outcome == "failed":
        yield Result(section, case, engine, "fail")
    else:
        note = next((str(value) for name, value in found if name == BY_NATURE), "")
        yield Result(section, case, engine, "otherwise" if note else "pass", note)


def conformance_page(results: Sequence[Result], engines: Sequence[str], versions: Mapping[str, str]) -> str:
    """The page. Sections stand in the order of `_TITLES`, cases in that of the suite."""
    notes: dict[str, int] = {}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [_HEAD.format(versions=told)]
    for section, title in _TITLES.items():
        of_section = [result for result in results if result.section == section]
        if of_section:
            parts += [f"## {title}\n", _table(of_section, engines, notes)]
    parts.append("## Notes\n")
    parts.append("\n".join(f"{number}. {note}" for note, number in notes.items()) + "\n")
    return "\n".join(parts)


def _table(results: Sequence[Result], engines: Sequence[str], notes: dict[str, int]) -> str:
    cells = {(result.case, result.engine): result for result in results}
    rows = [f"| case | {' | '.join(engines)} |", f"| --- |{' --- |' * len(engines)}"]
    for case in dict.fromkeys(result.case for result in results):
        told = (_cell(cells.get((case, engine)), notes) for engine in engines)
        rows.append(f"| {case} | {' | '.join(told)} |")
    return "\n".join(rows) + "\n"


def _cell(result: Result | None, notes: dict[str, int]) -> str:
    if result is None:
        return "-"
    if not result.note:
        return result.verdict
    return f"{result.verdict} ({notes.setdefault(result.note, len(notes) + 1)})"


def _words(name: str) -> str:
    return name.replace("_", " ")
