"""Procedural images as data sets, folders and tar shards."""

import crossmodal.visualization  # noqa: F401  (makes feature_visualization known by name)
