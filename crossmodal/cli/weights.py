"""``crossmodal weights``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crossmodal.cli.arguments import Parser, add_json, check_writable, show_result
from crossmodal.errors import OutputError, UsageError
from crossmodal.spelling import suggestion

if TYPE_CHECKING:
    from torch import nn

    from crossmodal.models.foreign import Rebuilt

EXAMPLES = """\
  crossmodal weights convert ffhq.pkl --out ffhq --licence 'CC BY-NC 4.0, as the publisher says'
  crossmodal weights convert pytorch_model.bin --out big --half --json -
  crossmodal weights pack runs/leaves/weights --out leaves --backbone small_alexnet --half --probe probe.md
"""
_ACTIONS = ("convert", "pack")
_UNKNOWN = "unknown; find out under which terms the weights were published before you use them"


def add_arguments(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "action",
        metavar="convert|pack",
        help="convert: convert a published generator to a weights folder; pack: copy part of a weights folder",
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="convert: StyleGAN2-ADA, StyleGAN3 or BigGAN-deep file, whose code is not run; pack: weights folder",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="output folder, new or empty")
    parser.add_argument("--half", action="store_true", help="store the tensors in half precision")
    convert = parser.add_argument_group("convert")
    convert.add_argument("--licence", metavar="TEXT", help="licence of the weights, written to README.md of the folder")
    pack = parser.add_argument_group("pack")
    pack.add_argument("--backbone", metavar="NAME", help="keep only this backbone, such as the trunk of a larger one")
    pack.add_argument(
        "--probe", metavar="FILE", type=Path, help="table written by `probe --table`, added to the model card"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Convert a file without running its code, or pack a folder; print a summary.

    Raises:
        UsageError: an unknown action, an empty licence, an unknown backbone, or options of the other action.
        FormatError: the file is missing, damaged, or contains opcodes or classes that no published network needs.
        WeightsError: the file contains no known generator; the folder has no weights, or those of another backbone.
        OutputError: the folder is not empty, or cannot be written; checked before the work begins.
    """
    if args.action not in _ACTIONS:
        raise UsageError(f"unknown action {args.action!r}{suggestion(args.action, _ACTIONS)}")
    if args.licence is not None and not args.licence.strip():
        raise UsageError("--licence: empty; leave it out if the licence is unknown")
    foreign = ("backbone", "probe") if args.action == "convert" else ("licence",)
    for name in foreign:
        if getattr(args, name) is not None:
            raise UsageError(f"--{name}: not an option of `crossmodal weights {args.action}`; leave it out")
    if args.out.is_dir() and any(args.out.iterdir()):
        raise OutputError(f"{args.out}: the directory is not empty; choose another with --out")
    check_writable(args.out / "config.json")
    if args.json is not None and args.json != "-":
        check_writable(Path(args.json))
    return _convert(args) if args.action == "convert" else _pack(args)


def _convert(args: argparse.Namespace) -> int:
    from crossmodal import hub
    from crossmodal.models.foreign import rebuild_generator

    rebuilt = rebuild_generator(args.file)
    facts = _facts(args, rebuilt)
    hub.save_weights(rebuilt.generator, args.out, card=_card(args.out.name, facts), half=args.half)
    lines = [f"{args.out}: {facts['family']}, {facts['parameters']:,} parameters, {facts['size']} pixels"]
    lines.append(f"layers: {', '.join(rebuilt.generator.layer_names)}")
    lines.append(f"licence: {facts['licence']}")
    show_result(facts | {"layers": rebuilt.generator.layer_names}, "\n".join(lines), args.json)
    return 0


def _pack(args: argparse.Namespace) -> int:
    from crossmodal import hub
    from crossmodal.weights import find_weights

    card = find_weights(args.file).with_name("README.md")
    text = card.read_text(encoding="utf-8").rstrip() if card.is_file() else f"# {args.out.name}"
    model = _packed(args)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    kept = f"{type(model).__name__}, {parameters:,} parameters{', in half precision' if args.half else ''}"
    text += f"\n\n## Packed\n\n{kept}."
    if args.probe is not None:
        try:
            text += f"\n\n## Frozen features\n\n{args.probe.read_text(encoding='utf-8').strip()}"
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--probe {args.probe}: cannot be read ({error})") from error
    hub.save_weights(model, args.out, card=f"{text}\n", half=args.half)
    facts = {
        "out": str(args.out),
        "model": type(model).__name__,
        "parameters": parameters,
        "bytes": sum(path.stat().st_size for path in args.out.iterdir()),
    }
    show_result(facts, f"{args.out}: {kept}, {facts['bytes'] / 1e6:.1f} MB", args.json)
    return 0


def _packed(args: argparse.Namespace) -> "nn.Module":
    from crossmodal import backbones, hub

    if args.backbone is None:
        return hub.load_model(args.file)
    try:
        return backbones.create(args.backbone, weights=args.file)
    except ValueError as error:
        raise UsageError(f"--backbone: {error}") from error


def _facts(args: argparse.Namespace, rebuilt: "Rebuilt") -> dict[str, object]:
    import hashlib

    generator = rebuilt.generator
    with args.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "out": str(args.out),
        "family": rebuilt.family,
        "model": type(generator).__name__,
        "size": generator.arguments["size"],
        "classes": generator.classes,
        "parameters": sum(parameter.numel() for parameter in generator.parameters()),
        "file": args.file.name,
        "file_sha256": digest,
        "licence": args.licence or _UNKNOWN,
    }


def _card(name: str, facts: dict[str, object]) -> str:
    """Return the model card: origin, licence and size of the weights."""
    return f"""# {name}

A published {facts["family"]} generator, converted to {facts["model"]} by `crossmodal weights convert`.
The tensors are those of the file; its code was not run and is not included.

- licence of the weights: {facts["licence"]}
- file: {facts["file"]}
- sha256 of the file: {facts["file_sha256"]}
- images: {facts["size"]} pixels; classes: {facts["classes"]}
- parameters: {facts["parameters"]:,}
"""
