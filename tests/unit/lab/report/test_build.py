"""A report from files: whole, torn, empty."""

import re

import pytest

from scalelab.lab.report.build import build_report

PNG_START = b"\x89PNG\r\n"
CLASSIC_CHARTS = ("rt_1v3_miss", "th_1v3_miss", "rt_3_hit_vs_miss", "th_3_hit_vs_miss")


@pytest.fixture(scope="module")
def built(tmp_path_factory, write, classic):
    """The whole classic run, reported once."""
    place = tmp_path_factory.mktemp("report")
    return build_report(write(place / "run", classic), place / "reports")


def test_everything_is_written(built):
    """Summary, page, and each chart twice."""
    names = {file.name for file in built.files}

    assert {"summary.md", "report.html"} <= names
    assert {f"{chart}{ending}" for chart in CLASSIC_CHARTS for ending in (".png", ".svg")} <= names
    assert "timeline_results_3_gateways_hit.png" in names
    assert all(file.stat().st_size > 0 for file in built.files)
    assert built.content.is_valid


def test_pictures_are_pictures(built):
    """PNG by their first bytes."""
    pngs = [file for file in built.files if file.suffix == ".png"]

    assert all(file.read_bytes().startswith(PNG_START) for file in pngs)


def test_all_formats_show_the_same_digits(built):
    """Every cell of the table stands in the Markdown, in the page and, for mean and rate, on the charts."""
    by_name = {file.name: file.read_text(encoding="utf-8") for file in built.files if file.suffix != ".png"}
    for row in built.content.summary.rows:
        line = f"| {' | '.join(row)} |"
        assert line in by_name["summary.md"]
        assert "".join(f"<td>{cell}</td>" for cell in row) in by_name["report.html"]
    one, three = built.content.summary.rows[0], built.content.summary.rows[2]
    for chart, column in (("rt_1v3_miss.svg", 1), ("th_1v3_miss.svg", 2)):
        shown = re.findall(r">([^<>]+)</text>", by_name[chart])
        assert {one[column], three[column]} <= set(shown)


def test_the_table_behind_a_graph_has_the_digits_of_the_drawing(built):
    """What is written on the bars stands in the table below them, and nothing else."""
    page = next(file for file in built.files if file.name == "report.html").read_text(encoding="utf-8")
    drawing = next(file for file in built.files if file.name == "th_1v3_miss.svg").read_text(encoding="utf-8")
    written = set(re.findall(r">([^<>]+)</text>", drawing))

    (table,) = re.findall(
        r"<summary>Table: Throughput with 1 and 3 gateways[^\n]*</summary>(.*?)</details>", page, re.DOTALL
    )
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]]

    assert len(cells) == 2
    assert all({value, f"predicted {predicted}"} <= written for _, value, predicted in cells)
    assert page.count("<details>") == page.count("<figure ")


def test_the_links_of_the_summary_lead_to_files(built):
    """Beside it."""
    summary = built.files[0]

    linked = re.findall(r"\]\(([^)]+)\)", summary.read_text(encoding="utf-8"))

    assert linked
    assert all((summary.parent / name).exists() for name in linked)


def test_an_empty_directory_is_reported_as_such(tmp_path):
    """What is missing, and nothing else; no exception."""
    (tmp_path / "run").mkdir()

    built = build_report(tmp_path / "run", tmp_path / "reports")

    assert not built.content.is_valid
    assert "manifest.json is missing" in built.content.missing
    assert "no scenario was found" in (tmp_path / "reports" / "summary.md").read_text()


def test_the_directory_of_all_runs_is_recognised(tmp_path, write, classic):
    """`tests/results` in the place of `tests/results/latest`."""
    (tmp_path / "latest").symlink_to(write(tmp_path / "classic-1", classic).name)

    built = build_report(tmp_path, tmp_path / "reports")

    assert any(f"did you mean {tmp_path / 'latest'}?" in line for line in built.content.missing)


def test_a_torn_run_is_reported_as_far_as_it_goes(tmp_path, write, classic):
    """One run.json torn, one timeline gone: both told, the rest reported."""
    run = write(tmp_path / "run", classic)
    (run / "results_3_gateways_hit" / "1" / "run.json").write_text('{"schema')
    (run / "results_1_gateway_hit" / "1" / "timeline.jsonl").unlink()

    built = build_report(run, tmp_path / "reports")

    assert [scenario.title for scenario in built.content.scenarios] == [
        "1 gateway, miss",
        "1 gateway, hit",
        "3 gateways, miss",
    ]
    assert any("results_3_gateways_hit, repetition 1: run.json is torn" in line for line in built.content.missing)
    assert any("timeline.jsonl is missing" in line for line in built.content.missing)


def test_a_newer_schema_is_not_read_by_guess(tmp_path, write, record):
    """The message names the version."""
    run = write(tmp_path / "run", [record()])
    file = run / "results_1_gateway_miss" / "1" / "run.json"
    file.write_text(file.read_text().replace('"schema_version":1', '"schema_version":99'))

    built = build_report(run, tmp_path / "reports")

    assert built.content.scenarios == ()
    assert "run.json has schema version 99, newer than this scalelab knows" in built.content.missing[0]


def test_zero_requests_never_crash(tmp_path, write, record, nothing):
    """A scenario without data beside one with."""
    built = build_report(write(tmp_path / "run", [nothing(), record(3)]), tmp_path / "reports")

    assert built.content.scenarios[0].validity == ("no-data",)
    assert (tmp_path / "reports" / "rt_1v3_miss.png").exists()


def test_charts_of_an_earlier_report_do_not_stay_beside_foreign_numbers(tmp_path, write, classic, record):
    """The second report has one scenario only; files of anybody else's are left alone."""
    reports = tmp_path / "reports"
    build_report(write(tmp_path / "first", classic), reports)
    (reports / "mine.png").write_bytes(b"")

    build_report(write(tmp_path / "second", [record()]), reports)

    assert sorted(file.name for file in reports.iterdir()) == [
        "mine.png",
        "percentiles.png",
        "percentiles.svg",
        "report.html",
        "summary.md",
        "timeline_results_1_gateway_miss.png",
        "timeline_results_1_gateway_miss.svg",
    ]


def test_a_report_leaves_the_run_untouched(tmp_path, write, record):
    """It reads files only."""
    run = write(tmp_path / "run", [record()])
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}

    build_report(run, tmp_path / "reports")

    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before
