"""``crossmodal dissect``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result, table
from crossmodal.errors import UsageError, WeightsError
from crossmodal.progress import Progress

if TYPE_CHECKING:
    from torch import nn

    from crossmodal.dissect import Confusion, Dissection, DrawnSource, Source
    from crossmodal.interval import Interval

EXAMPLES = """\
  crossmodal dissect small_alexnet --layer conv5 --masks street --out dissection
  crossmodal dissect small_alexnet --weights none --layer conv2 --masks street --threshold information --out random
  crossmodal dissect generator --layer layer3 --segmenter segmenter --out dissection
  crossmodal dissect generator --layer layer3 --segmenter segmenter --ablate sun --top 4 --out strip.png
  crossmodal dissect generator --layer layer2 --segmenter segmenter --insert door --top 20
"""
_FILES = ("dissection.json", "units.csv", "concepts.csv", "report.html")
_CURVE = (1, 2, 4, 8, 16, 32)
#: Images on which edits are measured; they are drawn again for each number of units and each random ranking.
_EDITED = 300
#: Images on which units are ranked by their effect.
_RANKED = 96


def add_arguments(parser: Parser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("model", metavar="MODEL", help="a weights folder, the name of shipped weights, or a backbone")
    parser.add_argument("--layer", metavar="L", required=True, help="name of the layer, such as layer3 or trunk.8")
    parser.add_argument(
        "--masks", metavar="DIR", type=Path,
        help="images with masks (images/, masks/, classes.txt); for a generator, true masks to measure the confusion "
        "matrix of the segmenter",
    )  # fmt: skip
    parser.add_argument(
        "--segmenter", metavar="W", help="weights of the segmenter that labels the images of a generator"
    )
    parser.add_argument("--out", metavar="DIR|PNG", type=Path, help="folder of the report; with --ablate, a PNG file")
    parser.add_argument(
        "--classes", metavar="FILE", type=Path, help="list of the classes of the masks (default: in DIR)"
    )
    parser.add_argument("--size", type=int, metavar="S", help="side of the images with masks, in pixels (default: 128)")
    parser.add_argument(
        "--count", type=int, metavar="N", help="number of images that a generator draws (default: 1000)"
    )
    parser.add_argument(
        "--fraction", type=float, default=0.01, metavar="Q", help="fraction of cells that are active (default: 0.01)"
    )
    parser.add_argument(
        "--threshold", choices=("sketch", "exact", "information"), default="sketch",
        help="activation threshold: the quantile of --fraction, by a sketch or exact, or the most informative one "
        "(default: sketch)",
    )  # fmt: skip
    parser.add_argument("--weights", metavar="noise|NAME|PATH|none", help="weights of a backbone (default: noise)")
    parser.add_argument("--width", type=float, metavar="W", help="width factor of a backbone (default: 1)")
    parser.add_argument(
        "--ablate", metavar="CONCEPT", help="switch off the units of a concept and draw images before and after"
    )
    parser.add_argument("--insert", metavar="CONCEPT", help="switch on the units of a concept at random positions")
    parser.add_argument("--top", type=int, default=4, metavar="K", help="number of units to edit together (default: 4)")
    parser.add_argument(
        "--rank", choices=("iou", "effect"), default="iou", help="ranking of the units of a concept (default: iou)"
    )
    parser.add_argument(
        "--patch", type=int, default=3, metavar="P", help="--insert: side of the edited square, in cells (default: 3)"
    )
    parser.add_argument(
        "--strips", type=int, default=48, metavar="N", help="number of units shown in the report (default: 48)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="K", help="random seed (default: 0)")
    parser.add_argument("--device", default="cpu", metavar="D", help="where the network runs (default: cpu)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Dissect a layer, or edit its units.

    Raises:
        UsageError: the arguments contradict each other, or a layer or concept does not exist.
        DatasetError: the masks cannot be used, or no concept is frequent enough.
        WeightsError: there are no such weights, or the output of a network is not finite.
        OutputError: an output cannot be written; this is checked before the work begins.
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
        raise UsageError("--ablate and --insert: give one at a time")
    if args.masks is None and args.segmenter is None:
        raise UsageError("a dissection needs labels: give --masks DIR, or --segmenter W for a generator")
    for name in ("size", "count", "top", "patch"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise UsageError(f"--{name}: expected at least 1, found {getattr(args, name)}")
    if args.out is None:
        if args.insert is None:
            raise UsageError("--out is missing: give a folder for the report, or with --ablate a PNG file (strip.png)")
    elif args.ablate is not None:
        if args.out.suffix.lower() != ".png":
            raise UsageError(f"--out: expected a PNG file with --ablate, found {args.out}")
        check_writable(args.out)
    else:
        for name in _FILES:
            check_writable(args.out / name)
    if args.json is not None and args.json != "-":
        check_writable(Path(args.json))


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

    generates = callable(getattr(model, "latents", None)) or isinstance(getattr(model, "latent", None), int)
    if not generates:
        for option in ("segmenter", "count", "ablate", "insert"):
            if getattr(args, option) is not None:
                raise UsageError(f"--{option}: belongs to a generator, and {args.model} draws no images")
        return MaskFolder(args.masks, size=args.size or 128, classes=args.classes), None
    if args.segmenter is None:
        raise UsageError(f"{args.model} is a generator; name the network that labels its images: --segmenter W")
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
            f"--masks {args.masks}: the classes differ from those of the segmenter ({', '.join(concepts.values())})"
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
            model, args.layer, source, fraction=args.fraction, threshold=args.threshold, confusion=confusion,
            seed=args.seed, device=args.device, name=args.model, progress=progress,
        )  # fmt: skip
    except (RuntimeError, TypeError) as error:
        raise WeightsError(f"{args.model}: cannot process these images ({str(error).splitlines()[0]})") from error
    finally:
        for stage in shown.values():
            stage.close()


def _report(args: argparse.Namespace, model: "nn.Module", source: "Source", dissection: "Dissection") -> int:
    from crossmodal.dissect.report import choose_units, write_report
    from crossmodal.dissect.strip import draw_strips

    chosen = choose_units(dissection, args.strips)
    strips = draw_strips(model, source, dissection, chosen, seed=args.seed, device=args.device)
    extra = {"weights": args.weights, "masks": args.masks and str(args.masks), "segmenter": args.segmenter}
    written = write_report(dissection, args.out, strips=strips, extra=extra)
    rows = [("concept", "% of pixels", "threshold", "detectors", "best unit", "IoU", "95 % interval")]
    for concept in dissection.concepts:
        best = next((unit for unit in dissection.detectors if unit.concept == concept.name), None)
        iou = best and (str(best.unit), f"{best.iou.value:.3f}", f"{best.iou.low:.3f} to {best.iou.high:.3f}")
        pixels, threshold = f"{100 * concept.fraction:.2g}", f"{concept.threshold:.3f}"
        rows.append((concept.name, pixels, threshold, str(concept.detectors), *(iou or ("", "", ""))))
    summary = dissection.summary()
    lines = [
        f"{dissection.model}, {dissection.layer}: {summary['detectors']} of {summary['units']} units are detectors of "
        f"{summary['unique_concepts']} concepts",
        table(rows),
        *(f"written: {path}" for path in written),
    ]
    show_result(
        dissection.as_dict() | extra | {"written": [str(path) for path in written]}, "\n".join(lines), args.json
    )
    return 0


def _ranking(
    args: argparse.Namespace, model: "nn.Module", source: "DrawnSource", dissection: "Dissection", concept: str
) -> list[int]:
    from crossmodal.dissect import inputs_of, rank_by_effect

    by_iou = dissection.ranking(concept)
    if args.top > len(by_iou):
        raise UsageError(f"--top: {args.layer} has {len(by_iou)} units, found {args.top}; give a smaller number")
    if args.rank == "iou":
        return by_iou
    # The ranking uses other images than the measurement of the effect.
    others = source.with_inputs(inputs_of(model, seed=args.seed + 1), _RANKED)
    return rank_by_effect(model, args.layer, others, concept, greedy=args.top, device=args.device)


def _ablate(args: argparse.Namespace, model: "nn.Module", source: Any, dissection: "Dissection") -> int:
    from crossmodal.dissect import ablation_curve
    from crossmodal.dissect.strip import ablation_strip
    from crossmodal.plot import save_image

    ranking = _ranking(args, model, source, dissection, args.ablate)
    counts = sorted({args.top, *(count for count in _CURVE if count <= min(2 * args.top, len(ranking)))})
    curve = ablation_curve(model, args.layer, source, ranking, counts=counts, seed=args.seed, device=args.device)
    save_image(ablation_strip(model, args.layer, source, ranking[: args.top], args.ablate), args.out)
    rows = [("units off", f"change of {args.ablate}", "random units")]
    rows += [(str(count), _percent(ranked), _percent(random)) for count, ranked, random in curve.of(args.ablate)]
    row = counts.index(args.top)
    side_effects = [("concept", f"change with {args.top} off", "random units")]
    for name in curve.quantities:
        if name != args.ablate:
            _, ranked, random = curve.of(name)[row]
            side_effects.append((name, _percent(ranked), _percent(random)))
    lines = [
        f"units {', '.join(map(str, ranking[: args.top]))}",
        table(rows),
        "",
        table(side_effects),
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
    rows = [("context", "positions", f"became {args.insert}, % of pixels", "success, % of positions")]
    rows += [(one.context, str(one.positions), _percent(one.gain), _percent(one.rate)) for one in found]
    lines = [f"units {', '.join(map(str, units))}", table(rows), f"average causal effect: {_percent(effect.effect)}"]
    content = {
        "concept": args.insert,
        "units": units,
        "contexts": [
            {"context": one.context, "positions": one.positions, "gain": one.gain._asdict(), "rate": one.rate._asdict()}
            for one in found
        ],
        "average_causal_effect": effect.effect._asdict(),
    }
    show_result(content, "\n".join(lines), args.json)
    return 0


def _percent(interval: "Interval") -> str:
    value, low, high = (f"{part:.0f}" for part in interval.scaled(100))
    return f"{value} % [{low}, {high}]"
