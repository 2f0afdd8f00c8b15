"""Views: the published augmentations of images, in batches on the device that trains."""

from crossmodal.data.views.law import ViewLaw
from crossmodal.data.views.views import Views, create_views

__all__ = ["ViewLaw", "Views", "create_views"]
