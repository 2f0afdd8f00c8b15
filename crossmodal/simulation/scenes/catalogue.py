"""Processes of labelled images by name."""

from dataclasses import fields
from typing import Any

from crossmodal.simulation.scenes.outdoor import OutdoorScenes
from crossmodal.simulation.scenes.solids import SolidScenes
from crossmodal.spelling import check_choice

_PROCESSES = {process.name: process for process in (OutdoorScenes, SolidScenes)}


def names() -> tuple[str, ...]:
    """Return the names of the processes."""
    return tuple(_PROCESSES)


def create(name: str, **options: Any) -> OutdoorScenes | SolidScenes:
    """Create a process by its name, with its options.

    Raises:
        ValueError: the name or an option is unknown (the nearest name is given), or an option is out of range.
    """
    check_choice("process", name, _PROCESSES)
    known = [field.name for field in fields(_PROCESSES[name])]
    for option in options:
        check_choice(f"option of {name}", option, known)
    return _PROCESSES[name](**options)
