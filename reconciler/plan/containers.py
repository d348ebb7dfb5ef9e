"""Containers judged: each needs an image once presets and patches had their say, and a build needs a container."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.plan.layers import Ready
from reconciler.plan.report import Place, Report, key_place, place_of


def check_containers(ready: Ready, report: Report) -> None:
    """Report a build on a dag, and main containers and sidecars without an image."""
    run = ready.run
    assert run is not None
    if ready.settings.build and run.kind == "dag":
        message = "A dag has no container to build an image for; move `build` to one of its ops."
        report.add("build-on-dag", message, _build_place(ready), ready.path)
    if run.kind not in ("job", "service"):
        return
    container = run.data.get("container")
    if not ready.settings.build and not _has_image(container):
        message = "The container has no image: add `image` to it, or a preset that brings one."
        if container is None:
            message = f"This {run.kind} has no container: add `container` with an `image`."
        report.add("image-missing", message, _container_place(ready), ready.path)
    sidecars = run.data.get("sidecars")
    for number, sidecar in enumerate(sidecars if isinstance(sidecars, list) else ()):
        if not _has_image(sidecar):
            place = place_of(*ready.sources[0], "sidecars", number)
            report.add("image-missing", "The sidecar has no image: add `image` to it.", place, ready.path)


def _has_image(container: object) -> bool:
    return isinstance(container, str) or (isinstance(container, Mapping) and bool(container.get("image")))


def _container_place(ready: Ready) -> Place:
    for file, node in ready.sources:
        if node is not None and node.get("container") is not None:
            return key_place(file, node, "container")
    return place_of(*ready.sources[0])


def _build_place(ready: Ready) -> Place:
    for file, node in ready.sources:
        if node is not None and node.get("build") is not None:
            return key_place(file, node, "build")
    return place_of(*ready.sources[0])
