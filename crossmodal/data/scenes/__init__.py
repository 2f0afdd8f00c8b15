"""Simulated scenes with masks."""
