"""Frozen features of a backbone, probed on labelled images."""
