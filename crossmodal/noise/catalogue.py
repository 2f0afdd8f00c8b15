"""Processes by name."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Any

from crossmodal.noise.process import Process
from crossmodal.spelling import suggestion

# Each module is imported when it is asked for.
_HOMES = {
    "dead_leaves": ("crossmodal.noise.dead_leaves.process", "DeadLeaves"),
    "spectrum": ("crossmodal.noise.statistical.process", "Spectrum"),
    "wmm": ("crossmodal.noise.statistical.process", "WaveletMarginals"),
    "spectrum_colour": ("crossmodal.noise.statistical.process", "SpectrumColour"),
    "spectrum_colour_wmm": ("crossmodal.noise.statistical.process", "SpectrumColourWaveletMarginals"),
    "untrained_generator": ("crossmodal.noise.untrained_generator.process", "UntrainedGenerator"),
    "programs": ("crossmodal.noise.programs", "Programs"),
    "fractals": ("crossmodal.noise.fractals.process", "Fractals"),
    "orbits": ("crossmodal.noise.fractals.orbits", "Orbits"),
    "mixup": ("crossmodal.noise.mixers.process", "MixUp"),
    "cutmix": ("crossmodal.noise.mixers.process", "CutMix"),
    "kml": ("crossmodal.noise.mixers.process", "KMeansLeaves"),
    "kml_mixup": ("crossmodal.noise.mixers.process", "KMeansLeavesMixUp"),
    "mixture": ("crossmodal.noise.mixers.process", "Mixture"),
}
# What cannot be made without options: a shader needs a file.
_HOMES_OF_FILES = {"shader": ("crossmodal.noise.programs.shader", "ShaderFile")}

# Processes of rooms above this one, see `register`.
_REGISTERED: dict[str, Callable[[], type[Process[Any]]]] = {}


def register(name: str, load: Callable[[], type[Process[Any]]]) -> None:
    """Let `create` make another process by name; ``load`` returns its class, and is called when it is first asked for.

    Raises:
        ValueError: the name belongs to a process of this package.
    """
    if name in _HOMES | _HOMES_OF_FILES:
        raise ValueError(f"the name {name!r} is taken by a process of crossmodal.noise")
    _REGISTERED[name] = load


def names() -> tuple[str, ...]:
    """List the names that `create` takes; each can be created without options."""
    return (*_HOMES, *_REGISTERED)


def process_class(name: str) -> type[Process[Any]]:
    """Find the class of a process by its name; its fields are the options.

    Beside `names` there is ``shader``, which needs a ``path``.

    Raises:
        ValueError: an unknown name; says the nearest one.
    """
    if name in _REGISTERED:
        return _REGISTERED[name]()
    homes = _HOMES | _HOMES_OF_FILES
    if name not in homes:
        raise ValueError(f"unknown process {name!r}{suggestion(name, (*homes, *_REGISTERED))}")
    module, attribute = homes[name]
    found: type[Process[Any]] = getattr(import_module(module), attribute)
    return found


def create(name: str, **options: Any) -> Process[Any]:
    """Make a process by its name, as in ``create("dead_leaves", shape="oriented")``.

    Raises:
        ValueError: an unknown name or option, with the nearest one; or a value that the process refuses.
    """
    kind = process_class(name)
    known = [field.name for field in fields(kind)]
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {option!r}{suggestion(option, known)}")
    for field in fields(kind):
        if field.default is MISSING and field.default_factory is MISSING and field.name not in options:
            raise ValueError(f"{name} needs the option {field.name!r}")
    return kind(**options)


def from_description(description: Mapping[str, Any]) -> Process[Any]:
    """Make the process that `Process.describe` described.

    Raises:
        ValueError: an unknown name or option, or something that describes no process.
    """
    if set(description) != {"process", "options"}:
        raise ValueError(f"a process is described by 'process' and 'options', got {sorted(description)}")
    return create(description["process"], **description["options"])


def as_process(given: "Process[Any] | str | Mapping[str, Any]") -> Process[Any]:
    """Take a process as it is, by its name, or by its description: what options that hold a process accept.

    Raises:
        ValueError: an unknown name or option.
    """
    if isinstance(given, Process):
        return given
    return create(given) if isinstance(given, str) else from_description(given)
