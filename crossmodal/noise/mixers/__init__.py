"""Processes that mix the images of others."""

from crossmodal.noise.mixers.process import CutMix, KMeansLeaves, KMeansLeavesMixUp, Mixture, MixUp

__all__ = ["CutMix", "KMeansLeaves", "KMeansLeavesMixUp", "MixUp", "Mixture"]
