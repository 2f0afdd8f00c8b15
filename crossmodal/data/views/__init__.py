"""Views: published augmentations of images, in batches on the training device."""

from crossmodal.data.views.augmentation import ViewAugmentation
from crossmodal.data.views.views import Views, create_views

__all__ = ["ViewAugmentation", "Views", "create_views"]
