"""Words on schedules."""

from __future__ import annotations

from typing import Final

from reconciler.flows.cron import PRESETS
from reconciler.flows.words.word import Section, Word

_TERMS: Final = {
    "timezone": Word("The time zone it is meant in, by its name in the time zone database.", "Europe/Oslo", "UTC"),
    "overlap": Word("What a tick does while the run before has not ended.", "replace", "skip"),
    "missed": Word("Which ticks are made up for that came while the service was down.", "all", "one"),
}
_REPEATED: Final = {
    **_TERMS,
    "startAt": Word("No ticks before this time.", "2026-01-01T00:00:00Z"),
    "endAt": Word("No ticks after this time.", "2026-12-31T00:00:00Z"),
    "maxRuns": Word("No ticks after so many runs; counted anew when the schedule changes.", 100),
    "dependsOnPast": Word("Whether a tick is served only if the run before succeeded.", True, False),
}
SCHEDULES: Final = {
    "cron": Section(
        "Starts the flow by a cron expression.",
        {
            "kind": Word("The kind of schedule.", "cron"),
            "cron": Word(
                "Minute, hour, day, month and weekday, or a word such as @daily.", "0 2 * * 1-5", others=(*PRESETS,)
            ),
            **_REPEATED,
        },
    ),
    "interval": Section(
        "Starts the flow again and again, equal times apart.",
        {
            "kind": Word("The kind of schedule.", "interval"),
            "frequency": Word("The time between two ticks: seconds, or a duration such as PT30M.", 3600),
            **_REPEATED,
        },
    ),
    "datetime": Section(
        "Starts the flow once.",
        {
            "kind": Word("The kind of schedule.", "datetime"),
            **_TERMS,
            "startAt": Word("When.", "2030-01-01T00:00:00Z"),
        },
    ),
}
