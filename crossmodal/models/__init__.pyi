from .big_generator import BigGenerator
from .gait_from_touch import GaitFromTouch, GaitOutput
from .identity_from_touch import IdentityFromTouch
from .pose_from_touch import PoseFromTouch, PoseOutput
from .segmenter import Segmenter
from .small_discriminator import SmallDiscriminator
from .small_generator import SmallGenerator
from .sound_from_video import SoundFromVideo, SoundOutput
from .style_generator_2 import StyleGenerator2
from .style_generator_3 import StyleGenerator3

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
