"""The live view of a run: its tree, redrawn in place, never higher than the terminal. Its last frame stays."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.live import Live as RichLive
from rich.text import Text

from console.frame import Frame, verdict
from console.options import coloured
from reconciler.checks.glyphs import look
from reconciler.checks.ops import OpView, leaves, tally
from reconciler.checks.words import duration
from reconciler.engine.model import FINAL, Status

_STYLES = {"good": "green", "bad": "bold red", "off": "dim", "busy": "cyan", "wait": "dim", "warn": "yellow"}
_FIRST = {Status.FAILED: 0, Status.RETRYING: 1, Status.RUNNING: 2, Status.STARTING: 3}


class Live:
    """Redraws on stderr; what is asked for, the verdict, goes to stdout at the end."""

    only_end = False

    def __init__(self) -> None:
        self._console = Console(stderr=True, no_color=not coloured(sys.stderr), highlight=False)
        self._frame: Frame | None = None
        self._live = RichLive(get_renderable=self._picture, console=self._console, refresh_per_second=8)
        self._live.start()

    def frame(self, frame: Frame) -> None:
        """Show the run as it stands."""
        self._frame = frame

    def end(self) -> None:
        """Leave the last picture standing, and show the cursor again."""
        self._live.stop()

    def close(self, frame: Frame) -> None:
        """Say the verdict."""
        print(verdict(frame))

    def _picture(self) -> Text:
        if self._frame is None:
            return Text("waiting for the run …", style="dim")
        shown = leaves(self._frame.views)
        room = max(3, self._console.size.height - 4)
        if len(shown) > room:
            shown = sorted(shown, key=lambda view: _FIRST.get(view.state.status, 9))[:room]
        text = Text()
        for view in shown:
            text.append_text(_line(view)).append("\n")
        return text.append_text(self._totals(len(shown)))

    def _totals(self, shown: int) -> Text:
        assert self._frame is not None
        run, counts = self._frame.run, tally(self._frame.views)
        hidden = sum(counts.values()) - shown
        parts = [f"{number:,} {look(status).word}" for status, number in sorted(counts.items())]
        took = duration((run.finished_at or time.time()) - run.created_at)
        more = f"… {hidden:,} more not shown · " if hidden > 0 else ""
        return Text(f"{more}{', '.join(parts)} · {took}", style="bold")


def _line(view: OpView) -> Text:
    state, shown = view.state, look(view.state.status)
    text = Text("  " * view.depth).append(f"{shown.glyph} {view.path}  ").append(shown.word, _STYLES[shown.look])
    if state.started_at is not None and not state.cached_from:
        end = state.finished_at if state.status in FINAL else time.time()
        text.append(f"  {duration((end or time.time()) - state.started_at)}", "dim")
    if state.reason and state.status is not Status.RUNNING:
        text.append(f"  {state.reason}", "dim")
    return text
