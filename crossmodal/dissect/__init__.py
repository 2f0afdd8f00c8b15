"""Network dissection: the concepts that units respond to, and what units cause in generated images."""

from crossmodal.dissect.ablation import AblationCurve, ablation_curve, rank_by_effect
from crossmodal.dissect.confusion import Confusion, measure_confusion
from crossmodal.dissect.dissection import Concept, Dissection, Unit, dissect
from crossmodal.dissect.editing import edit
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
from crossmodal.dissect.null_distribution import NullDistribution, estimate_null_distribution
from crossmodal.dissect.overlap import Overlap
from crossmodal.dissect.quantile import QuantileSketch, exact_quantiles
from crossmodal.dissect.source import ArraySource, DrawnSource, Labelled, PermutedMasks, Source, inputs_of

__all__ = [
    "AblationCurve",
    "ArraySource",
    "CausalEffect",
    "CellGrid",
    "Concept",
    "Confusion",
    "Dissection",
    "DrawnSource",
    "Insertion",
    "Labelled",
    "MaskFolder",
    "NullDistribution",
    "Overlap",
    "PermutedMasks",
    "QuantileSketch",
    "Source",
    "Unit",
    "ablation_curve",
    "average_causal_effect",
    "centred_grid",
    "dissect",
    "edit",
    "estimate_null_distribution",
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
