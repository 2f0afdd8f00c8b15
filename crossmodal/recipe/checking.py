"""Check a recipe and report all mistakes at once, each with its dotted path and a suggestion."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossmodal.errors import RecipeError
from crossmodal.recipe.building import Argument, arguments, converted, is_spec
from crossmodal.recipe.naming import evaluation_misfit, misfit, named_object, place_type
from crossmodal.recipe.trainer_section import REFUSED, contradictions, is_number, is_whole, range_mistakes, refusals
from crossmodal.spelling import suggestion

REQUIRED = ("about", "seed", "data", "task", "trainer")
_OPTIONAL = ("evaluations", "init_from", "checkpoint_every_n_steps")
_ABOUT = ("trains", "paper", "data", "expected", "cost", "status", "date", "commit")
_ABOUT_OPTIONAL = ("limits",)
_EXPECTED = ("metric", "value", "tolerance")
_STATUS = ("measured", "unmeasured")
# NumPy's generator, which training seeds as well, takes 32 bits.
_LARGEST_SEED = 2**32 - 1
# Arguments that are set from the recipe's seed if they are missing.
_FROM_THE_RUN = ("data.init_args.seed", "task.init_args.seed")
# The first arguments of an evaluation, (predict, dataset), are set by the run.
_GIVEN_TO_EVALUATIONS = 2


def check(recipe: Mapping[str, Any], source: str = "recipe", required: tuple[str, ...] = REQUIRED) -> None:
    """Check a recipe against the constructors it names; see `mistakes`.

    Raises:
        RecipeError: lists all mistakes.
    """
    found = mistakes(recipe, required)
    if found:
        raise listed(found, source)


def listed(found: Sequence[str], source: str) -> RecipeError:
    """Return the error that lists the mistakes of a recipe."""
    count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    return RecipeError("\n".join([f"{source}: {count}", *(f"  {line}" for line in found)]))


def mistakes(recipe: Mapping[str, Any], required: tuple[str, ...] = REQUIRED) -> list[str]:
    """Return every mistake of a recipe, one line each; imports what the recipe names.

    ``required`` are the sections that must exist; an evaluation needs fewer than training.
    """
    return list(_recipe(recipe, required))


def _recipe(recipe: Mapping[str, Any], required: tuple[str, ...]) -> Iterator[str]:
    yield from _keys("", recipe, (*REQUIRED, *_OPTIONAL), required)
    if "about" in recipe:
        yield from _about(recipe["about"])
    if "seed" in recipe and not is_whole(recipe["seed"], 0, _LARGEST_SEED):
        yield f"seed: a whole number from 0 to {_LARGEST_SEED} was expected, found {recipe['seed']!r}"
    every = recipe.get("checkpoint_every_n_steps", 1)
    if not is_whole(every, 1):
        yield f"checkpoint_every_n_steps: a whole number of at least 1 was expected, found {every!r}"
    for section in ("data", "task"):
        if section in recipe:
            yield from _spec(section, recipe[section], section)
    if "trainer" in recipe:
        yield from _trainer(recipe["trainer"])
    if not isinstance(recipe.get("init_from"), str | None):
        yield f"init_from: the path of a weights folder was expected, found {recipe['init_from']!r}"
    evaluations = recipe.get("evaluations")
    if evaluations is None:
        return
    if not isinstance(evaluations, list):
        yield f"evaluations: a list was expected, found {type(evaluations).__name__}"
        return
    for i, entry in enumerate(evaluations):
        yield from _spec(f"evaluations.{i}", entry, "evaluations", given=_GIVEN_TO_EVALUATIONS)


def _keys(path: str, found: Mapping[str, Any], known: tuple[str, ...], required: tuple[str, ...]) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for key in found:
        if key not in known:
            yield f"{prefix}{key}: unknown key{suggestion(str(key), known)}"
    for key in required:
        if key not in found:
            yield f"{prefix}{key}: missing"


def _about(about: Any) -> Iterator[str]:
    if not isinstance(about, Mapping):
        yield f"about: a mapping was expected, found {type(about).__name__}"
        return
    measured = about.get("status") == "measured"
    required = _ABOUT if measured else _ABOUT[: _ABOUT.index("date")]
    yield from _keys("about", about, _ABOUT + _ABOUT_OPTIONAL, required)
    for key in ("trains", "limits", "paper", "data", "cost"):
        if key in about and not (isinstance(about[key], str) and about[key].strip()):
            yield f"about.{key}: a sentence was expected, found {about[key]!r}"
    if "status" in about and about["status"] not in _STATUS:
        yield f"about.status: {' or '.join(_STATUS)} was expected, found {about['status']!r}"
    if measured and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(about.get("date", "2000-01-01"))):
        yield f"about.date: a date like 2026-01-31 was expected, found {about['date']!r}"
    if measured and not re.fullmatch(r"[0-9a-f]{7,40}", str(about.get("commit", "0000000"))):
        yield f"about.commit: the hexadecimal name of a commit was expected, found {about['commit']!r}"
    if "expected" in about:
        yield from _expected(about["expected"], measured)


def _expected(expected: Any, measured: bool) -> Iterator[str]:
    entries = expected if isinstance(expected, list) else [expected]
    for i, entry in enumerate(entries):
        path = f"about.expected.{i}" if isinstance(expected, list) else "about.expected"
        if not isinstance(entry, Mapping):
            yield f"{path}: a mapping of {', '.join(_EXPECTED)} was expected, found {entry!r}"
            continue
        yield from _keys(path, entry, _EXPECTED, _EXPECTED if measured else _EXPECTED[:1])
        for key in _EXPECTED[1:]:
            if key in entry and not is_number(entry[key]) and (measured or entry[key] is not None):
                yield f"{path}.{key}: a number was expected, found {entry[key]!r}"


def _trainer(trainer: Any) -> Iterator[str]:
    if not isinstance(trainer, Mapping):
        yield f"trainer: a mapping of the Trainer's arguments was expected, found {type(trainer).__name__}"
        return
    yield from refusals(trainer)
    known = arguments(named_object("lightning.pytorch.Trainer", "trainer"))
    known = {key: argument for key, argument in known.items() if key not in REFUSED}
    given = {key: value for key, value in trainer.items() if key not in REFUSED}
    out_of_range = range_mistakes(given)
    yield from out_of_range.values()
    others = {key: value for key, value in given.items() if key not in out_of_range}
    yield from _arguments("trainer", others, known, "Trainer", "trainer")
    yield from contradictions(given)


def _spec(path: str, spec: Any, section: str, *, annotation: Any = None, given: int = 0) -> Iterator[str]:
    if not is_spec(spec):
        yield f"{path}: a mapping with class_path and init_args was expected, found {spec!r}"
        return
    yield from _keys(path, spec, ("class_path", "init_args"), ())
    name, init_args = spec["class_path"], spec.get("init_args")
    if not isinstance(name, str):
        yield f"{path}.class_path: a name was expected, found {name!r}"
        return
    try:
        target = named_object(name, section)
    except RecipeError as error:
        yield f"{path}.class_path: {error}"
        return
    if section == "evaluations" and annotation is None:
        wrong = evaluation_misfit(target, name)
    else:
        wrong = misfit(target, name, place_type(section) if annotation is None else annotation)
    if wrong:
        yield f"{path}.class_path: {wrong}"
        return
    if not isinstance(init_args, Mapping | None):
        yield f"{path}.init_args: a mapping was expected, found {init_args!r}"
        return
    known = arguments(target, skip=given)
    yield from _arguments(f"{path}.init_args", init_args or {}, known, target.__name__, section)


def _arguments(
    path: str, given: Mapping[str, Any], known: Mapping[str, Argument], owner: str, section: str
) -> Iterator[str]:
    for key, value in given.items():
        where = f"{path}.{key}"
        if key not in known:
            yield f"{where}: {owner} has no such argument{suggestion(str(key), known)}"
        elif is_spec(value):
            yield from _spec(where, value, section, annotation=known[key].annotation)
        elif isinstance(value, list) and any(is_spec(entry) for entry in value):
            for i, entry in enumerate(value):
                yield from _spec(f"{where}.{i}", entry, section, annotation=known[key].annotation)
        else:
            try:
                converted(known[key].annotation, value)
            except ValueError as error:
                yield f"{where}: {error} was expected, found {value!r}"
    for key, argument in known.items():
        if argument.required and key not in given and f"{path}.{key}" not in _FROM_THE_RUN:
            yield f"{path}.{key}: missing; {owner} requires it"
