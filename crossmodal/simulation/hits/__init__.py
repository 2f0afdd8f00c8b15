"""Simulated Greatest Hits: videos of a drumstick that strikes things, with sound and exact ground truth."""

from crossmodal.simulation.hits.folder import make_stand_in_hits
from crossmodal.simulation.hits.material import MATERIALS, Material
from crossmodal.simulation.hits.sound import Modes, Voice, draw_voice, strike_sound

__all__ = ["MATERIALS", "Material", "Modes", "Voice", "draw_voice", "make_stand_in_hits", "strike_sound"]
