"""Words on `.headgate.yaml`, the settings of a repository."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.word import Section, Word

SETTINGS: Final = Section(
    "What a repository says about its flows. Everything has a default; read from the default branch.",
    {
        "version": Word("The version of this form.", 1, 1),
        "flows": Word(
            "Globs of the files that are flows.",
            ["flows/**/*.yaml"],
            ["**/polyaxonfile.y*ml", "**/*.polyaxon.y*ml", "flows/**/*.y*ml"],
        ),
        "settings": Word(
            "Settings of flows by a glob of their path or name; later globs win, key by key.",
            {"flows/nightly/**": {"onNewPlan": "cancel"}},
        ),
        "checks": Word("What is said on commits.", {"style": "op"}),
        "commands": Word("Who may ask for something in comments and buttons.", {"allow": ["maintain", "admin"]}),
        "policies": Word("Globs of policy files.", ["policies/*.yaml"], ["policies/**/*.y*ml"]),
        "references": Word("Where components of elsewhere may come from.", {"urls": ["components.example.org"]}),
        "severities": Word("Severities of rules, by their names.", {"param-undeclared": "error"}),
    },
)
FLOW_SETTINGS: Final = Section(
    "How a flow meets the world.",
    {
        "startOn": Word("What starts it: one of these, or a list of them.", ["merge", "manual"], "merge"),
        "onNewPlan": Word(
            "A newer plan while a run is under way: the newest waits, the old run is stopped, or both run.",
            "cancel",
            "queue",
        ),
        "onRemove": Word("What becomes of running runs when the flow goes.", "stop", "finish"),
        "onConnect": Word("Whether it is started if it is there when the repository is connected.", "run", "record"),
        "services": Word("Whether its services stay, or end with the run.", "run", "keep"),
        "code": Word(
            "Globs of the code that belongs to it, or `none`; a change of it runs the flow again. "
            "By default the folder of its file, at the root and under `flows/` the whole repository.",
            ["src/**", "requirements.txt"],
        ),
        "concurrency": Word("How many of its ops run at once; without it, no limit.", 8),
        "namespace": Word("The namespace of ops that say none.", "ml"),
        "priority": Word("Who goes first where places are short: higher numbers.", 10, 0),
    },
)
CHECKS: Final = Section(
    "What is said on commits.",
    {
        "style": Word("One check for each flow, or for each op as well.", "op", "flow"),
        "annotations": Word("Whether there are notes on the lines of files.", False, True),
    },
)
COMMANDS: Final = Section(
    "Who may ask for something in comments and buttons.",
    {
        "allow": Word(
            "Permissions at the forge, names of people and teams, and `owners` for those of the file OWNERS.",
            ["maintain", "admin"],
            ["write", "maintain", "admin", "owners"],
        ),
    },
)
REFERENCES: Final = Section(
    "Where components of elsewhere may come from; each is pinned in `.headgate.lock`.",
    {
        "urls": Word("Hosts that `urlRef` may name, perhaps with the begin of a path.", ["raw.example.org/acme/"]),
        "hubs": Word(
            "Repositories of components, by the owner that a `hubRef` names.",
            {"acme": {"url": "https://git.example.org/acme/hub.git", "revision": "v2"}},
        ),
    },
)
HUB: Final = Section(
    "A repository of components.",
    {
        "url": Word("Its address.", "https://git.example.org/acme/hub.git"),
        "revision": Word("A branch, tag or commit; by default the default branch.", "v2"),
        "folder": Word("The folder that the components lie in.", "components", "hub"),
    },
)
