"""Data as YAML that means the same again."""

import yaml

from scalelab.deployment.yaml_text import yaml_text


def test_documents_come_back_as_they_were():
    """Words that look like something else, too."""
    documents = [{"b": "1.75", "a": "None", "c": "yes", "d": ["0440", 8, True]}, [{"op": "remove"}]]

    assert list(yaml.safe_load_all(yaml_text(documents))) == documents


def test_the_order_is_the_given_one_and_nothing_is_a_reference():
    """As a person would write it."""
    shared = {"x": [1]}

    assert yaml_text([{"b": shared, "a": shared}]) == "b:\n  x:\n  - 1\na:\n  x:\n  - 1\n"


def test_a_heading_is_a_comment():
    """Each line of it."""
    assert yaml_text([{"a": 1}], "One.\nTwo.") == "# One.\n# Two.\na: 1\n"
