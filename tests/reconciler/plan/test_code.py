"""Facts about the code of a flow."""

from __future__ import annotations

from reconciler.plan.code import changed_code, code_id, matches

TREE = {
    "train.py": ("100644", "a1"),
    "churn/churn.polyaxon.yaml": ("100644", "a2"),
    "churn/model.py": ("100644", "a3"),
    "churn/README.md": ("100644", "a4"),
    "churn/docs/notes.txt": ("100644", "a5"),
    "churn/parts/part.yaml": ("100644", "a6"),
    "flows/all.yaml": ("100644", "a7"),
    "hub/x.yaml": ("100644", "a8"),
    "presets/p.yaml": ("100644", "a9"),
    ".headgate.yaml": ("100644", "b1"),
    ".github/workflows/ci.yml": ("100644", "b2"),
}
CHURN, ALL = "churn/churn.polyaxon.yaml", "flows/all.yaml"


def is_flow(path):
    return path in (CHURN, ALL)


def changed(file, path, globs=None, references=()):
    """Whether a change of one file changes the code id of the flow."""
    other = {**TREE, path: ("100644", "ffff")}
    before = code_id(TREE, file, references, globs, is_flow)
    after = code_id(other, file, references, globs, is_flow)
    assert (before != after) == (changed_code(TREE, other, file, references, globs, is_flow) == (path,))
    return before != after


def test_the_code_of_a_flow_is_its_folder():
    assert changed(CHURN, "churn/model.py")
    assert changed(CHURN, "churn/new.py")
    assert not changed(CHURN, "train.py")


def test_words_flows_and_references_are_no_code():
    for path in ("churn/README.md", "churn/docs/notes.txt", CHURN):
        assert not changed(CHURN, path)
    assert changed(CHURN, "churn/parts/part.yaml")
    assert not changed(CHURN, "churn/parts/part.yaml", references=["churn/parts/part.yaml"])


def test_a_flow_under_flows_or_at_the_root_has_the_whole_repository():
    for file in (ALL, "polyaxonfile.yaml"):
        assert changed(file, "train.py")
        assert changed(file, "churn/model.py")
        for path in ("hub/x.yaml", "presets/p.yaml", ".headgate.yaml", ".github/workflows/ci.yml"):
            assert not changed(file, path)


def test_the_mode_of_a_file_counts():
    other = {**TREE, "train.py": ("100755", "a1")}
    assert changed_code(TREE, other, ALL, (), None, is_flow) == ("train.py",)


def test_globs_of_the_flow_replace_the_default():
    assert changed(CHURN, "train.py", globs=("*.py",))
    assert not changed(CHURN, "churn/model.py", globs=("*.py",))
    assert changed(CHURN, "churn/README.md", globs=("churn",))
    assert not changed(CHURN, "churn/README.md", globs=("churn/**", "!**/*.md"))


def test_globs_span_folders_only_with_two_stars():
    assert matches("a/b/c.py", ["**/*.py"])
    assert matches("c.py", ["**/*.py"])
    assert matches("a/b/c.py", ["a/"])
    assert not matches("a/b/c.py", ["a/*.py"])
    assert not matches("ab/c.py", ["a"])
