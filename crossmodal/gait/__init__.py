"""Gait from pressure recordings: stances, footprints, events and parameters, by a network or by classical rules.

`analyse(recordings, method="learned", *, weights=None, reader=None)` is the one entry. The rules need no torch.

Types for a foot on the floor, from the first to the last step of the analysis:

- `activity.Activity`: loaded cells of a recording, as a list of (frame, row, column, pressure).
- `crops.Candidate`: cells that may be a footprint, and the crop around them that the network takes (on a
  `crops.CropGrid`, its frames and cells).
- `walkway.Detection`: a footstep on a mat that a network or the rules found, before its side and walker are known.
- `Contact`: an interval on the floor, heel strike to toe off, with its first and last frame. It has no position.
- `Curves`: force and centre of pressure over the frames of a stance, peak and integral of pressure over its cells.
- `Footprint`: position, axis and shape in millimetres.
- `Stance`: the result; a contact with its curves, footprint, side, walker and passage.
- `Event`: a heel strike or toe off in the list of events.

The simulator has types of its own for the truth, see `crossmodal.simulation.walks`.
"""

from crossmodal.gait.analysis import GaitAnalysis, analyse
from crossmodal.gait.contact import Contact, find_contacts, threshold_events
from crossmodal.gait.events import Event
from crossmodal.gait.parameters import Parameter
from crossmodal.gait.stance import Curves, Footprint, Stance

__all__ = [
    "Contact",
    "Curves",
    "Event",
    "Footprint",
    "GaitAnalysis",
    "Parameter",
    "Stance",
    "analyse",
    "find_contacts",
    "threshold_events",
]
