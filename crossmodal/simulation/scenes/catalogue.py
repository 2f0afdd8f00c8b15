"""Processes of labelled images by name."""

from dataclasses import fields
from typing import Any

from crossmodal.simulation.scenes.outdoor import OutdoorScenes
from crossmodal.simulation.scenes.solids import SolidScenes
from crossmodal.spelling import check_choice

_PROCESSES = {process.name: process for process in (OutdoorScenes, SolidScenes)}


def names() -> tuple[str, ...]:
    """List the processes that `create` knows."""
    return tuple(_PROCESSES)


def create(name: str, **options: Any) -> OutdoorScenes | SolidScenes:
    """Make a process by its name, with its options.

    Raises:
        ValueError: an unknown name or option (says the nearest), or an option out of range.
    """
    check_choice("process", name, _PROCESSES)
    known = [field.name for field in fields(_PROCESSES[name])]
    for option in options:
        check_choice(f"option of {name}", option, known)
    return _PROCESSES[name](**options)
