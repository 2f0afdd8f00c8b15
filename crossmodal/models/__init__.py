"""Networks with plain JSON-able arguments, each a `torch.nn.Module`."""

from crossmodal.models.big_generator import BigGenerator
from crossmodal.models.gait_from_touch import GaitFromTouch, GaitOutput
from crossmodal.models.identity_from_touch import IdentityFromTouch
from crossmodal.models.pose_from_touch import PoseFromTouch, PoseOutput
from crossmodal.models.segmenter import Segmenter
from crossmodal.models.small_discriminator import SmallDiscriminator
from crossmodal.models.small_generator import SmallGenerator
from crossmodal.models.sound_from_video import SoundFromVideo, SoundOutput
from crossmodal.models.style_generator_2 import StyleGenerator2
from crossmodal.models.style_generator_3 import StyleGenerator3

__all__ = [
    "BigGenerator",
    "GaitFromTouch",
    "GaitOutput",
    "IdentityFromTouch",
    "PoseFromTouch",
    "PoseOutput",
    "Segmenter",
    "SmallDiscriminator",
    "SmallGenerator",
    "SoundFromVideo",
    "SoundOutput",
    "StyleGenerator2",
    "StyleGenerator3",
]
