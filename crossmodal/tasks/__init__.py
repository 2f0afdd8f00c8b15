"""Training tasks: a model, its objective and what is watched while it learns."""

from crossmodal.tasks.sound_from_video import SoundFromVideoTask

__all__ = ["SoundFromVideoTask"]
