"""``crossmodal dissect``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossmodal.cli.arguments import Parser, add_json, make_sure_of, show_result, table
from crossmodal.errors import UsageError, WeightsError
from crossmodal.progress import Progress

if TYPE_CHECKING:
    from torch import nn

    from crossmodal.dissect import Confusion, Dissection, DrawnSource, Estimate, Source

EXAMPLES = """\
  crossmodal dissect small_alexnet --layer conv5 --masks street --out dissection
  crossmodal dissect small_alexnet --weights none --layer conv2 --masks street --level information --out random
  crossmodal dissect generator --layer layer3 --segmenter segmenter --out dissection
  crossmodal dissect generator --layer layer3 --segmenter segmenter --ablate sun --top 4 --out strip.png
  crossmodal dissect generator --layer layer2 --segmenter segmenter --insert door --top 20
"""
_FILES = ("dissection.json", "units.csv", "concepts.csv", "report.html")
_CURVE = (1, 2, 4, 8, 16, 32)
#: Images on which edits are measured: each is drawn anew for every number of units and every random draw.
_EDITED = 300
#: Images on which units are ranked by effect.
_RANKED = 96


def add_arguments(parser: Parser) -> None:
    """Declare the words of the command."""
    parser.add_argument("model", metavar="MODEL", help="a weights folder, a shipped name, or a backbone's name")
    parser.add_argument("--layer", metavar="L", required=True, help="name of the layer, as in layer3 or trunk.8")
    parser.add_argument(
        "--masks", metavar="DIR", type=Path,
        help="images with masks (images/, masks/, classes.txt); for a generator, true masks that tell how far the "
        "segmenter can be trusted",
    )  # fmt: skip
    parser.add_argument("--segmenter", metavar="W", help="weights of the network that labels a generator's images")
    parser.add_argument("--out", metavar="DIR|PNG", type=Path, help="folder of the report; with --ablate an image")
    parser.add_argument("--classes", metavar="FILE", type=Path, help="list of the masks' classes (default: in DIR)")
    parser.add_argument("--size", type=int, metavar="S", help="side of images with masks (default: 128)")
    parser.add_argument("--count", type=int, metavar="N", help="images a generator draws (default: 1000)")
    parser.add_argument("--share", type=float, default=0.01, metavar="Q", help="of active cells (default: 0.01)")
    parser.add_argument(
        "--level", choices=("sketch", "exact", "information"), default="sketch",
        help="how the level of that share is found; or the most telling level (default: sketch)",
    )  # fmt: skip
    parser.add_argument("--weights", metavar="noise|NAME|PATH|none", help="of a backbone (default: noise)")
    parser.add_argument("--width", type=float, metavar="W", help="of a backbone (default: 1)")
    parser.add_argument("--ablate", metavar="CONCEPT", help="switch off the units of a concept and draw what is left")
    parser.add_argument("--insert", metavar="CONCEPT", help="switch on the units of a concept at random places")
    parser.add_argument("--top", type=int, default=4, metavar="K", help="units to edit together (default: 4)")
    parser.add_argument(
        "--rank", choices=("iou", "effect"), default="iou", help="what makes a unit one of a concept's (default: iou)"
    )
    parser.add_argument(
        "--patch", type=int, default=3, metavar="P", help="--insert: side of a place (default: 3 cells)"
    )
    parser.add_argument("--strips", type=int, default=48, metavar="N", help="units shown in the report (default: 48)")
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="of all draws (default: 0)")
    parser.add_argument("--device", default="cpu", metavar="D", help="where the network runs (default: cpu)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Dissect a layer, or edit its units.

    Raises:
        UsageError: words that do not go together, an unknown layer or concept.
        DatasetError: masks that cannot be used, or no concept is frequent enough.
        WeightsError: no such weights, or a network that gives values that are not numbers.
        OutputError: an output cannot be written; found out before the work begins.
    """
    _check(args)
    model = _load_model(args)
    try:
        source, confusion = _find_source(args, model)
        dissection = _dissect(args, model, source, confusion)
        if args.ablate is not None:
            return _ablate(args, model, source, dissection)
        if args.insert is not None:
            return _insert(args, model, source, dissection)
        return _report(args, model, source, dissection)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _check(args: argparse.Namespace) -> None:
    if args.ablate is not None and args.insert is not None:
        raise UsageError("--ablate and --insert: one at a time")
    if args.masks is None and args.segmenter is None:
        raise UsageError("what the units answer to must be known: give --masks DIR, or --segmenter W for a generator")
    for name in ("size", "count", "top", "patch"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name}: at least 1 was expected, found {getattr(args, name)}")
    if args.out is None:
        if args.insert is None:
            raise UsageError("--out is missing: a folder for the report, or with --ablate an image (strip.png)")
    elif args.ablate is not None:
        if args.out.suffix.lower() != ".png":
            raise UsageError(f"--out: with --ablate a PNG file was expected, found {args.out}")
        make_sure_of(args.out)
    else:
        for name in _FILES:
            make_sure_of(args.out / name)
    if args.json is not None and args.json != "-":
        make_sure_of(Path(args.json))


def _load_model(args: argparse.Namespace) -> "nn.Module":
    from crossmodal import backbones, hub
    from crossmodal.evaluation.probe.baselines import NOISE, make_backbone, noise_weights

    if args.model in backbones.names():
        named = args.weights or NOISE
        weights = None if named == "none" else noise_weights(args.model) if named == NOISE else named
        try:
            return make_backbone(args.model, args.width or 1.0, args.seed, weights)
        except ValueError as error:
            raise UsageError(str(error)) from error
    for option in ("weights", "width"):
        if getattr(args, option) is not None:
            raise UsageError(f"--{option}: belongs to a backbone by name ({', '.join(backbones.names())})")
    try:
        return hub.load_model(args.model)
    except WeightsError as error:
        raise WeightsError(f"{error}; or a backbone: {', '.join(backbones.names())}") from error


def _find_source(args: argparse.Namespace, model: "nn.Module") -> "tuple[Source, Confusion | None]":
    from crossmodal import hub
    from crossmodal.dissect import Confusion, DrawnSource, MaskFolder, inputs_of, measure_confusion
    from crossmodal.dissect.source import concepts_of

    draws = callable(getattr(model, "latents", None)) or isinstance(getattr(model, "latent", None), int)
    if not draws:
        for option in ("segmenter", "count", "ablate", "insert"):
            if getattr(args, option) is not None:
                raise UsageError(f"--{option}: belongs to a generator, and {args.model} draws no images")
        return MaskFolder(args.masks, size=args.size or 128, classes=args.classes), None
    if args.segmenter is None:
        raise UsageError(f"{args.model} draws images of its own; name the network that labels them: --segmenter W")
    segmenter = hub.load_model(args.segmenter).to(args.device)
    concepts = concepts_of(segmenter)
    if not concepts:
        raise UsageError(f"--segmenter {args.segmenter}: {type(segmenter).__name__} has no classes; is it a segmenter?")
    edits = args.ablate is not None or args.insert is not None
    source = DrawnSource(
        inputs_of(model, seed=args.seed), segmenter, concepts, count=args.count or (_EDITED if edits else 1000)
    )
    if args.masks is None:
        counts = getattr(segmenter, "confusion", None)
        if counts is None or not counts.any():
            return source, None
        return source, Confusion(counts[None].double().cpu().numpy(), tuple(concepts))
    truth = MaskFolder(args.masks, size=args.size or 128, classes=args.classes)
    if truth.concepts != concepts:
        raise UsageError(
            f"--masks {args.masks}: its classes are not those of the segmenter: {', '.join(concepts.values())}"
        )
    return source, measure_confusion(segmenter, truth, seed=args.seed)


def _dissect(
    args: argparse.Namespace, model: "nn.Module", source: "Source", confusion: "Confusion | None"
) -> "Dissection":
    from crossmodal.dissect import dissect

    shown: dict[str, Progress] = {}

    def progress(done: int, total: int, stage: str) -> None:
        shown.setdefault(stage, Progress(label=stage))(done, total)
        if done == total:
            shown[stage].close()

    try:
        return dissect(
            model, args.layer, source, share=args.share, level=args.level, confusion=confusion, seed=args.seed,
            device=args.device, name=args.model, progress=progress,
        )  # fmt: skip
    except (RuntimeError, TypeError) as error:
        raise WeightsError(f"{args.model}: cannot take these images ({str(error).splitlines()[0]})") from error
    finally:
        for stage in shown.values():
            stage.close()


def _report(args: argparse.Namespace, model: "nn.Module", source: "Source", dissection: "Dissection") -> int:
    from crossmodal.dissect.report import choose_units, write_report
    from crossmodal.dissect.strip import draw_strips

    chosen = choose_units(dissection, args.strips)
    strips = draw_strips(model, source, dissection, chosen, seed=args.seed, device=args.device)
    more = {"weights": args.weights, "masks": args.masks and str(args.masks), "segmenter": args.segmenter}
    written = write_report(dissection, args.out, strips=strips, more=more)
    rows = [("concept", "% of pixels", "cut", "detectors", "best unit", "IoU", "95 % interval")]
    for concept in dissection.concepts:
        best = next((unit for unit in dissection.detectors if unit.concept == concept.name), None)
        own = (str(best.unit), f"{best.iou:.3f}", f"{best.low:.3f} to {best.high:.3f}") if best else ("", "", "")
        rows.append((concept.name, f"{100 * concept.share:.2g}", f"{concept.cut:.3f}", str(concept.detectors), *own))
    summary = dissection.summary()
    lines = [
        f"{dissection.model}, {dissection.layer}: {summary['detectors']} of {summary['units']} units are detectors of "
        f"{summary['unique_concepts']} concepts",
        table(rows),
        *(f"written: {path}" for path in written),
    ]
    show_result(dissection.as_dict() | more | {"written": [str(path) for path in written]}, "\n".join(lines), args.json)
    return 0


def _ranking(
    args: argparse.Namespace, model: "nn.Module", source: "DrawnSource", dissection: "Dissection", concept: str
) -> list[int]:
    from crossmodal.dissect import inputs_of, rank_by_effect

    by_iou = dissection.ranking(concept)
    if args.top > len(by_iou):
        raise UsageError(f"--top: {args.layer} has {len(by_iou)} units, found {args.top}")
    if args.rank == "iou":
        return by_iou
    # Other images than those that the effect is measured on.
    others = source.drawn_from(inputs_of(model, seed=args.seed + 1), _RANKED)
    return rank_by_effect(model, args.layer, others, concept, together=args.top, device=args.device)


def _ablate(args: argparse.Namespace, model: "nn.Module", source: Any, dissection: "Dissection") -> int:
    from crossmodal.dissect import ablation_curve
    from crossmodal.dissect.strip import ablation_strip
    from crossmodal.plot import save_image

    ranking = _ranking(args, model, source, dissection, args.ablate)
    counts = sorted({args.top, *(count for count in _CURVE if count <= min(2 * args.top, len(ranking)))})
    curve = ablation_curve(model, args.layer, source, ranking, counts=counts, seed=args.seed, device=args.device)
    save_image(ablation_strip(model, args.layer, source, ranking[: args.top], args.ablate), args.out)
    rows = [("units off", f"change of {args.ablate}", "random units")]
    rows += [(str(count), _percent(own), _percent(other)) for count, own, other in curve.of(args.ablate)]
    place = counts.index(args.top)
    sides = [("concept", f"change with {args.top} off", "random units")]
    for name in curve.quantities:
        if name != args.ablate:
            _, own, other = curve.of(name)[place]
            sides.append((name, _percent(own), _percent(other)))
    lines = [
        f"units {', '.join(map(str, ranking[: args.top]))}",
        table(rows),
        "",
        table(sides),
        f"written: {args.out}",
    ]
    content = {"concept": args.ablate, "units": ranking[: args.top], **curve.as_dict(), "written": str(args.out)}
    show_result(content, "\n".join(lines), args.json)
    return 0


def _insert(args: argparse.Namespace, model: "nn.Module", source: Any, dissection: "Dissection") -> int:
    from crossmodal.dissect import average_causal_effect, insertion_by_context

    units = _ranking(args, model, source, dissection, args.insert)[: args.top]
    edit = {"patch": args.patch, "seed": args.seed}
    found = insertion_by_context(model, args.layer, source, units, args.insert, **edit)
    effect = average_causal_effect(model, args.layer, source, units, args.insert, **edit)
    rows = [("under the place", "places", f"became {args.insert}, % of pixels", "% of places that did")]
    rows += [(one.context, str(one.places), _percent(one.gain), _percent(one.rate)) for one in found]
    lines = [f"units {', '.join(map(str, units))}", table(rows), f"average causal effect: {_percent(effect.effect)}"]
    content = {
        "concept": args.insert,
        "units": units,
        "contexts": [
            {"context": one.context, "places": one.places, "gain": one.gain._asdict(), "rate": one.rate._asdict()}
            for one in found
        ],
        "average_causal_effect": effect.effect._asdict(),
    }
    show_result(content, "\n".join(lines), args.json)
    return 0


def _percent(estimate: "Estimate") -> str:
    value, low, high = (f"{100 * part:.0f}" for part in estimate)
    return f"{value} % [{low}, {high}]"
