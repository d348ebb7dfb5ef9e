"""Which flows other systems may start: every mistake on its line, and no secret in any of them."""

import pytest

from console.config import ConfigError, load_config
from console.github_config import SecretPlace
from console.incoming_config import IncomingConfig

ENVIRONMENT = {"DATA": "sesame", "DATA2": "open", "EMPTY": ""}
GOOD = "{name: export, repository: ml/shop, flow: churn, secrets: [{env: DATA}], params: [rows]}"


def read(tmp_path, *entries):
    file = tmp_path / "server.yaml"
    file.write_text("incoming:\n" + "".join(f"- {entry}\n" for entry in entries))
    return load_config(file, ENVIRONMENT).incoming


def test_a_flow_has_a_name_a_secret_and_params_that_may_be_given(tmp_path):
    (tmp_path / "old").write_text("open\n")
    two = "{name: two, repository: shop, flow: f, secrets: [{env: DATA}, {file: old}]}"

    assert read(tmp_path, GOOD, two) == (
        IncomingConfig("export", "ml/shop", "churn", (SecretPlace("DATA"),), ("rows",)),
        IncomingConfig("two", "shop", "f", (SecretPlace("DATA"), SecretPlace(file=tmp_path / "old"))),
    )


def test_without_a_word_nothing_may_be_started(tmp_path):
    assert load_config(None, {"HOME": str(tmp_path)}).incoming == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{name: a/b, repository: r, flow: f, secrets: [{env: DATA}]}", "A name in an address"),
        ("{repository: r, flow: f, secrets: [{env: DATA}]}", "Add `name`"),
        ("{name: a, repository: r, flow: f}", "Add `secrets`"),
        ("{name: a, repository: r, flow: f, secrets: []}", "one of `secrets`, or two"),
        ("{name: a, repository: r, flow: f, secrets: [{env: DATA}, {env: DATA2}, {env: DATA}]}", "or two"),
        ("{name: a, repository: r, flow: f, secrets: [{env: EMPTY}]}", "variable EMPTY is not set"),
        ("{name: a, repository: r, flow: f, secrets: [{file: away}]}", "cannot be read: No such file"),
        ("{name: a, repository: r, flow: f, secrets: [{env: DATA}], parms: [x]}", "did you mean `params`"),
        ("{name: export, repository: r, flow: f, secrets: [{env: DATA}]}", "another one is called `export`"),
    ],
)
def test_a_mistake_is_told_on_its_line(tmp_path, entry, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD, entry)

    assert said in caught.value.text()
    assert "server.yaml:3:" in caught.value.text()


@pytest.mark.parametrize("secrets", ["sesame", "[sesame]", "[{env: sesame-1}]", "[{value: sesame}]"])
def test_a_secret_that_was_written_down_is_not_repeated(tmp_path, secrets):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"{{name: a, repository: r, flow: f, secrets: {secrets}}}")

    assert "sesame" not in caught.value.text()
    assert "server.yaml:2:" in caught.value.text()
