"""Facts about `headgate schema`; what the schemas say is tested beside the language."""

import pytest

from reconciler.flows.schema import SCHEMAS


@pytest.mark.parametrize("words", [(), *((name,) for name in SCHEMAS)], ids=str)
def test_it_prints_a_schema(bare, words):
    shown = bare("schema", *words)

    assert shown.code == 0
    assert shown.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_all_of_them_are_one_object(bare):
    assert [*bare("schema", "all").json] == [*SCHEMAS]


def test_another_kind_is_wrong_use(bare):
    assert bare("schema", "flows").code == 2
