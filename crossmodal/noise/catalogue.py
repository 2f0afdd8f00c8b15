"""Processes by name."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Any

from crossmodal.noise.process import Process
from crossmodal.spelling import suggestion

# Modules are imported on first use.
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
# Processes with required options: a shader needs a file.
_HOMES_OF_FILES = {"shader": ("crossmodal.noise.programs.shader", "ShaderFile")}

# Processes of packages above this one, see `register`.
_REGISTERED: dict[str, Callable[[], type[Process[Any]]]] = {}


def register(name: str, load: Callable[[], type[Process[Any]]]) -> None:
    """Add a process of another package to `names` and `create`.

    Args:
        name: of the process.
        load: returns its class; called on each use of the name.

    Raises:
        ValueError: a process of this package has this name.
    """
    if name in _HOMES | _HOMES_OF_FILES:
        raise ValueError(f"the name {name!r} is taken by a process of crossmodal.noise")
    _REGISTERED[name] = load


def names() -> tuple[str, ...]:
    """Return the names that `create` accepts; all of these processes can be created without options."""
    return (*_HOMES, *_REGISTERED)


def process_class(name: str) -> type[Process[Any]]:
    """Return the class of a process; its dataclass fields are the options.

    Names are those of `names` and ``shader``, which requires the option ``path``.

    Raises:
        ValueError: an unknown name; the message suggests the nearest one.
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
    """Create a process by its name, as in ``create("dead_leaves", shape="oriented")``.

    Raises:
        ValueError: an unknown name or option (the message suggests the nearest one), or an invalid value.
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
    """Create a process from the result of `Process.describe`.

    Raises:
        ValueError: an unknown name or option, or a mapping with other keys.
    """
    if set(description) != {"process", "options"}:
        raise ValueError(f"a process is described by 'process' and 'options', got {sorted(description)}")
    return create(description["process"], **description["options"])


def as_process(given: "Process[Any] | str | Mapping[str, Any]") -> Process[Any]:
    """Return a process that is given as such, by its name, or by its description.

    Options that hold a process accept all three.

    Raises:
        ValueError: an unknown name or option.
    """
    if isinstance(given, Process):
        return given
    return create(given) if isinstance(given, str) else from_description(given)
