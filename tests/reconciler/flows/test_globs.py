"""Globs and the roles of files."""

from __future__ import annotations

import pytest

from reconciler.flows.globs import FileRoles, check_glob, files_by_role, is_flow_file, matches
from reconciler.flows.settings import RepositorySettings


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("**/polyaxonfile.y*ml", "polyaxonfile.yaml"),
        ("**/polyaxonfile.y*ml", "a/b/polyaxonfile.yml"),
        ("flows/**/*.y*ml", "flows/churn.yaml"),
        ("flows/**/*.y*ml", "flows/team/churn.yaml"),
        ("src/", "src/train/model.py"),
        ("src/**", "src/a/b"),
        ("{a,b}/*.py", "b/x.py"),
        ("file[0-9].txt", "file7.txt"),
        ("file[!0-9].txt", "filex.txt"),
        ("./train.py", "train.py"),
        ("a?c", "abc"),
        ("/train.py", "train.py"),
        ("/src/", "src/a"),
        ("x[y.py", "x[y.py"),
        ("{a.py", "{a.py"),
        ("{a,b}.{py,c[ch]}", "b.ch"),
        ("{src/,lib}", "lib"),
        ("a.p[y]", "a.py"),
    ],
)
def test_glob_takes_path(glob: str, path: str) -> None:
    assert matches(path, (glob,))


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*.yaml", "flows/churn.yaml"),
        ("flows/*.yaml", "flows/team/churn.yaml"),
        ("a?c", "a/c"),
        ("{a,b}/*.py", "c/x.py"),
        ("a.b", "axb"),
        ("**/*.py", "a.pyc"),
        ("[", "["),
    ],
)
def test_glob_leaves_path(glob: str, path: str) -> None:
    assert matches(path, (glob,)) is (glob == "[")


def test_the_last_glob_that_speaks_of_a_path_decides() -> None:
    globs = ("**", "!data/**", "data/keep.csv")

    assert matches("train.py", globs)
    assert not matches("data/big.csv", globs)
    assert matches("data/keep.csv", globs)
    assert not matches("train.py", ("!data/**",))
    assert not matches("train.py", ())


def test_shared_components_presets_and_settings_are_never_flows() -> None:
    settings = RepositorySettings(flow_globs=("**",))

    assert not is_flow_file("hub/train.yaml", settings)
    assert not is_flow_file("presets/gpu.yaml", settings)
    assert not is_flow_file(".headgate.yaml", settings)
    assert is_flow_file("other/hub/train.yaml", settings)


def test_files_are_sorted_by_what_they_are_to_us() -> None:
    paths = [
        "train.py",
        "presets/gpu.yaml",
        "flows/b.yaml",
        "flows/a.yml",
        "hub/x/1.yaml",
        ".headgate.yaml",
        "hub/README.md",
    ]

    roles = files_by_role(paths, RepositorySettings())

    assert roles == FileRoles(
        ("flows/a.yml", "flows/b.yaml"), ("hub/x/1.yaml",), ("presets/gpu.yaml",), ".headgate.yaml"
    )


@pytest.mark.parametrize("glob", ["", "!", "../x", "a/../b", "x" * 501, "{a,b}" * 8])
def test_a_glob_that_means_nothing_is_refused(glob: str) -> None:
    with pytest.raises(ValueError):
        check_glob(glob)


def test_a_glob_of_many_stars_is_quick() -> None:
    assert not matches("a/" * 60 + "b", ("**/" * 100 + "c",))
    assert not matches("a" * 200, ("*a*a*a*b",))
