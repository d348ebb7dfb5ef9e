"""Facts about the code of a flow."""

from __future__ import annotations

import pytest

from reconciler.plan.code import changed_code, code_id

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


@pytest.mark.parametrize(
    ("globs", "path", "is_code"),
    [
        (["**/*.py"], "a/b/c.py", True),
        (["**/*.py"], "c.py", True),
        (["a/"], "a/b/c.py", True),
        (["a"], "a/b/c.py", True),
        (["a/b", "!a/b/notes"], "a/b/notes/x.md", False),
        (["{a,b}"], "b/c.py", True),
        (["a/*.py"], "a/b/c.py", False),
        (["a"], "ab/c.py", False),
        (["!a"], "a/c.py", False),
    ],
)
def test_a_glob_stands_from_the_root_and_a_folder_for_all_in_it(globs, path, is_code):
    before, after = ({path: ("100644", blob)} for blob in ("a1", "a2"))
    assert changed_code(before, after, ALL, (), tuple(globs), is_flow) == ((path,) if is_code else ())
