"""Networks opened up: what units answer to and what they cause, with chance and intervals beside every figure."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
    from crossmodal.dissect.ablation import AblationCurve, ablation_curve, rank_by_effect
    from crossmodal.dissect.confusion import Confusion, measure_confusion
    from crossmodal.dissect.dissection import Concept, Dissection, Unit, dissect
    from crossmodal.dissect.editing import edit
    from crossmodal.dissect.estimate import Estimate
    from crossmodal.dissect.grid import CellGrid, centred_grid, trace_grid, upsample
    from crossmodal.dissect.insertion import (
        CausalEffect,
        Insertion,
        average_causal_effect,
        insertion_by_context,
        mean_at_concept,
    )
    from crossmodal.dissect.layer import find_layer, record
    from crossmodal.dissect.masks import MaskFolder
    from crossmodal.dissect.null_distribution import Chance, estimate_chance
    from crossmodal.dissect.overlap import Overlap
    from crossmodal.dissect.quantile import QuantileSketch, exact_quantiles
    from crossmodal.dissect.source import ArraySource, DrawnSource, Labelled, Shuffled, Source, inputs_of

__all__ = [
    "AblationCurve",
    "ArraySource",
    "CausalEffect",
    "CellGrid",
    "Chance",
    "Concept",
    "Confusion",
    "Dissection",
    "DrawnSource",
    "Estimate",
    "Insertion",
    "Labelled",
    "MaskFolder",
    "Overlap",
    "QuantileSketch",
    "Shuffled",
    "Source",
    "Unit",
    "ablation_curve",
    "average_causal_effect",
    "centred_grid",
    "dissect",
    "edit",
    "estimate_chance",
    "exact_quantiles",
    "find_layer",
    "inputs_of",
    "insertion_by_context",
    "mean_at_concept",
    "measure_confusion",
    "rank_by_effect",
    "record",
    "trace_grid",
    "upsample",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.dissect.ablation": "AblationCurve ablation_curve rank_by_effect",
        "crossmodal.dissect.confusion": "Confusion measure_confusion",
        "crossmodal.dissect.dissection": "Concept Dissection Unit dissect",
        "crossmodal.dissect.editing": "edit",
        "crossmodal.dissect.estimate": "Estimate",
        "crossmodal.dissect.grid": "CellGrid centred_grid trace_grid upsample",
        "crossmodal.dissect.insertion": (
            "CausalEffect Insertion average_causal_effect insertion_by_context mean_at_concept"
        ),
        "crossmodal.dissect.layer": "find_layer record",
        "crossmodal.dissect.masks": "MaskFolder",
        "crossmodal.dissect.null_distribution": "Chance estimate_chance",
        "crossmodal.dissect.overlap": "Overlap",
        "crossmodal.dissect.quantile": "QuantileSketch exact_quantiles",
        "crossmodal.dissect.source": "ArraySource DrawnSource Labelled Shuffled Source inputs_of",
    },
)
