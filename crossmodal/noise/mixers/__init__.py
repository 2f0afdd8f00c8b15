"""Processes that mix the images of other processes."""

from crossmodal.noise.mixers.process import CutMix, KMeansLeaves, KMeansLeavesMixUp, Mixture, MixUp

__all__ = ["CutMix", "KMeansLeaves", "KMeansLeavesMixUp", "MixUp", "Mixture"]
