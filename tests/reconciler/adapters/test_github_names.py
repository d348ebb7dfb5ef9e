"""The source of a repository on GitHub is its number and its present name."""

import pytest

from reconciler.adapters.github_names import GitHubRepository, github_repository, is_github
from reconciler.errors import Stalled


def test_a_source_names_the_repository_by_number_and_name():
    found = github_repository("github:42:acme/shop.py")

    assert found == GitHubRepository(42, "acme/shop.py")
    assert found.path == "/repos/acme/shop.py"
    assert github_repository(found.source) == found
    assert is_github(found.source)
    assert not is_github("/srv/shop.git")


@pytest.mark.parametrize(
    "source",
    [
        *("github:42", "github:0:acme/shop", "github:42:acme", "github:42:acme/..", "github:42:acme/../x", "x"),
        *("github:42:acme/shop/../../x", "github:42:ac me/shop", "github:42:acme/shop\n", "github:42:acme/sh%2Fop"),
    ],
)
def test_what_could_lead_to_another_address_is_no_source(source):
    with pytest.raises(Stalled):
        github_repository(source)
