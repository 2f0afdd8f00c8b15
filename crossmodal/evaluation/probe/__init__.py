"""Probes of frozen features on labelled images."""
