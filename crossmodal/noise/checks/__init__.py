"""Checks of images against the published statistics of their processes."""
