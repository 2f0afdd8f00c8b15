"""Networks with plain JSON-able arguments, each a `torch.nn.Module`."""

from crossmodal.models.sound_from_video import SoundFromVideo, SoundOutput

__all__ = ["SoundFromVideo", "SoundOutput"]
