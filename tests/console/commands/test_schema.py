"""Facts about `headgate schema`; what the schema says is tested beside the language."""

import pytest


@pytest.mark.parametrize("words", [(), ("component",), ("operation",)], ids=str)
def test_it_prints_a_schema(bare, words):
    shown = bare("schema", *words)

    assert shown.code == 0
    assert shown.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_another_kind_is_wrong_use(bare):
    assert bare("schema", "flow").code == 2
