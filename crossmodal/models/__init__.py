"""Networks with plain JSON-able arguments, each a `torch.nn.Module`."""

from typing import TYPE_CHECKING

from crossmodal.lazy import lazy_names

if TYPE_CHECKING:
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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "crossmodal.models.big_generator": "BigGenerator",
        "crossmodal.models.gait_from_touch": "GaitFromTouch GaitOutput",
        "crossmodal.models.identity_from_touch": "IdentityFromTouch",
        "crossmodal.models.pose_from_touch": "PoseFromTouch PoseOutput",
        "crossmodal.models.segmenter": "Segmenter",
        "crossmodal.models.small_discriminator": "SmallDiscriminator",
        "crossmodal.models.small_generator": "SmallGenerator",
        "crossmodal.models.sound_from_video": "SoundFromVideo SoundOutput",
        "crossmodal.models.style_generator_2": "StyleGenerator2",
        "crossmodal.models.style_generator_3": "StyleGenerator3",
    },
)
