from .ablation import AblationCurve, ablation_curve, rank_by_effect
from .confusion import Confusion, measure_confusion
from .dissection import Concept, Dissection, Unit, dissect
from .editing import edit
from .grid import CellGrid, centred_grid, trace_grid, upsample
from .insertion import CausalEffect, Insertion, average_causal_effect, insertion_by_context, mean_at_concept
from .layer import find_layer, record
from .masks import MaskFolder
from .null_distribution import NullDistribution, estimate_null_distribution
from .overlap import Overlap
from .quantile import QuantileSketch, exact_quantiles
from .source import ArraySource, DrawnSource, Labelled, PermutedMasks, Source, inputs_of

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
