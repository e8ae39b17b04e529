from scalelab.cli.status import aligned


def test_columns_stand_below_one_another():
    """No cell is cut, no line ends in blanks."""
    assert aligned([("instance", "URL"), ("api_gateway-1", "http://a"), ("w", "-")]) == [
        "instance       URL",
        "api_gateway-1  http://a",
        "w              -",
    ]
