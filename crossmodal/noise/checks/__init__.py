"""Checks of images against the published laws of their processes."""
