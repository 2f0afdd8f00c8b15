"""Folders of simulated walks."""
