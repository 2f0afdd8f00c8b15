"""Gait from pressure recordings: contacts, footprints, events and parameters, by a network or by classical rules."""

from crossmodal.gait.analysis import GaitAnalysis, analyse
from crossmodal.gait.contact import Contact, find_contacts, threshold_events
from crossmodal.gait.parameters import Parameter
from crossmodal.gait.stance import Footprint, Stance

__all__ = [
    "Contact",
    "Footprint",
    "GaitAnalysis",
    "Parameter",
    "Stance",
    "analyse",
    "find_contacts",
    "threshold_events",
]
