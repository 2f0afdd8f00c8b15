"""Simulated scenes with their masks."""
