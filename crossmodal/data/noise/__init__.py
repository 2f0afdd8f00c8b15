"""Procedural images as data sets, folders and tar shards."""

import crossmodal.visualization  # noqa: F401  (registers feature_visualization by name)
