"""Gait analysis measured against the exact truth of simulated and semi-real walks."""
