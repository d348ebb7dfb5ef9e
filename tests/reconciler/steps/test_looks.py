"""However a head came about, looking at what changed finds what a look at everything finds."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.steps.declared_flows import compare
from reconciler.steps.flow_files import Revision
from tests.reconciler.steps.git_world import NAME, GitWorld
from tests.reconciler.steps.test_discover import COMPONENT, flow

BOUND = COMPONENT.replace("name: lr,", "name: lr, value: 1.0, isOptional: true,")
PRESET = "kind: operation\nisPreset: true\nqueue: q\n"
SETTINGS = (
    "settings: {'teams/**': {code: ['lib/**', '!lib/*.md']}}\n",
    "settings: {'flow-1*': {code: none}}\n",
    "flows: ['flows/**', '!flows/1.yaml', 'teams/**/*.yaml']\n",
    "flows: {",
    None,
)


def random_files(random: Random) -> dict[str, str | None]:
    """A change of a few files of all kinds; None removes one."""
    return dict(_random_file(random) for _ in range(random.choice((1, 1, 2, 3, 8))))


def _random_file(random: Random) -> tuple[str, str | None]:
    kind, number = (
        random.choice(("flow", "flow", "flow", "team", "hub", "part", "code", "words", "preset")),
        random.randrange(9),
    )
    if random.random() < 0.04:
        return ".headgate.yaml", random.choice(SETTINGS)
    path = {
        "flow": f"flows/{number}.yaml",
        "team": f"teams/{number % 4}/polyaxonfile.yaml",
        "hub": f"hub/c{number % 4}.yaml",
        "part": f"flows/part{number % 3}.yaml",
        "code": random.choice((f"teams/{number % 4}/train.py", f"lib/{number}.py", "main.py")),
        "words": random.choice(("README.md", "lib/a.md", "docs/x.txt")),
        "preset": f"presets/p{number % 2}.yaml",
    }[kind]
    if random.random() < 0.12:
        return path, None
    return path, _random_text(random, kind, number)


def _random_text(random: Random, kind: str, number: int) -> str:
    image = random.choice(("busybox", "python"))
    if kind in ("hub", "part"):
        return random.choice((COMPONENT, BOUND, BOUND.replace("busybox", image), "kind: component\nrun: ["))
    if kind in ("code", "words"):
        return f"{random.randrange(5)}\n"
    if kind == "preset":
        return PRESET + f"tags: [t{random.randrange(3)}]\n"
    uses = random.choice((f"hubRef: c{number % 4}\n", f"pathRef: ../flows/part{number % 3}.yaml\n"))
    given = random.choice(("", "params: {lr: {value: 0.1}}\n", f"presets: [p{number % 2}]\n"))
    texts = (
        flow(f"flow-{number}", image),
        flow(f"flow-{number}", more="template: {enabled: true}\n"),
        flow(f"flow-{number}") + "---\n" + f"kind: operation\nname: second-{number}\n{uses}{given}",
        f"kind: operation\nname: flow-{number}\n{uses}{given}",
        f"kind: operation\nname: flow-{number}\n{uses}{given}",
        "kind: operation\n  broken: [",
    )
    return random.choice(texts)


def differences(world: GitWorld) -> object:
    """What a look at everything finds and what is known, where the two are not the same."""
    head = world.row().head
    fresh = compare(Revision(world.world.source, NAME, head), [], NAME, head)
    expected = {(row.path, row.name): row for row in fresh.added}
    live = [row for row in world.store.flows(NAME, scope="") if row.at_head and not (row.frozen or row.retired)]
    known = {(row.path, row.name): row for row in live}
    facts = lambda rows: {place: (row.declared, row.references) for place, row in rows.items()}  # noqa: E731
    return {place for place in {*expected, *known} if facts(expected).get(place) != facts(known).get(place)}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(6))
def test_looking_at_what_changed_finds_what_a_look_at_everything_finds(git_world, number):
    random = Random(number)
    git_world.merge(dict(_random_file(random) for _ in range(40)) | {"README.md": "x"} | {".headgate.yaml": None})
    git_world.connect()

    for step in range(40):
        files = random_files(random)
        git_world.merge({**files, "counter.md": str(step)})
        git_world.look()
        git_world.apply()
        if not git_world.row().broken:
            assert not differences(git_world), f"seed {number}, after commit {step} of {sorted(files)}"
