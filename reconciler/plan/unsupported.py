"""What of an op nothing can run yet: said as a warning on its line, and the reason why a run of it does not start."""

from __future__ import annotations

from reconciler.flows.kinds.table import KINDS, RUNNABLE
from reconciler.flows.matrix.table import MATRICES
from reconciler.plan.layers import Ready
from reconciler.plan.report import Place, Report, key_place, place_of

_RUN = " and ".join((", ".join(f"{name}s" for name in RUNNABLE[:-1]), f"{RUNNABLE[-1]}s"))
_SEARCHES = [name for name, row in MATRICES.items() if row.runs]


def check_supported(ready: Ready, report: Report) -> str | None:
    """Warn of a kind of run, a search or a build that nothing can run yet; the sentence that says so."""
    run, matrix = ready.run, ready.operation.matrix
    assert run is not None
    found = None
    if not KINDS[run.kind].runs:
        sentence = f"Ops of kind `{run.kind}` cannot be run yet; {_RUN} can."
        found = _say(sentence, place_of(*ready.sources[0], "kind"), ready, report)
    if matrix is not None and not MATRICES[matrix.kind].runs:
        sentence = f"Searches of kind `{matrix.kind}` cannot be run yet; {', '.join(_SEARCHES)} can."
        place = place_of(*(ready.source_of("matrix") or ready.sources[0]), "matrix", "kind")
        found = _say(sentence, place, ready, report) if found is None else found
    if ready.settings.build and run.kind != "dag" and found is None:
        sentence = "Images are not built here yet (`build`); name a finished image in the container."
        found = _say(sentence, build_place(ready), ready, report)
    return found


def build_place(ready: Ready) -> Place:
    """The key `build` in the file that says it."""
    return key_place(*(ready.source_of("build") or ready.sources[0]), "build")


def _say(sentence: str, place: Place, ready: Ready, report: Report) -> str:
    report.add("kind-unsupported", sentence, place, ready.path)
    return sentence
