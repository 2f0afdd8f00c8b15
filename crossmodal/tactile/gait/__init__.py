"""Gait from recordings of pressure: contacts, footprints, events and parameters, without anything that is learned."""

from crossmodal.tactile.gait.analysis import GaitAnalysis, analyse
from crossmodal.tactile.gait.contact import Contact, find_contacts, threshold_events
from crossmodal.tactile.gait.parameters import Parameter
from crossmodal.tactile.gait.stance import Footprint, Stance

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
