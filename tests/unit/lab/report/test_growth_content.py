"""What a long load left in each process, in the report."""

from scalelab.lab.report.growth_content import GROWTH_HEAD, growth_rows, growth_sentences
from scalelab.lab.results.run_record import ProcessGrowth

GROWTH = ProcessGrowth(
    instance="api_gateway-1", memory_start_bytes=104.25 * 2**20, memory_end_bytes=102.0 * 2**20, descriptors_start=21
)


def test_a_process_is_a_row(record):
    """Mebibytes, a signed change, and a dash for what nobody counted."""
    (row,) = growth_rows([record(growth=(GROWTH,))])

    assert dict(zip(GROWTH_HEAD, row, strict=True)) == {
        "Scenario": "1 gateway, miss",
        "Process": "api_gateway-1",
        "Memory at first (MiB)": "104.2",
        "Memory at last (MiB)": "102.0",
        "Change": "-2.2%",
        "Descriptors at first": "21",
        "Descriptors at last": "-",
    }


def test_the_columns_are_explained_where_there_are_some(record):
    """And nowhere else."""
    assert growth_sentences([record()]) == ()
    assert "first and the last tenth" in growth_sentences([record(), record(growth=(GROWTH,))])[0]
