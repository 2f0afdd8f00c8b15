"""Evaluation of gait analysis against the exact truth of simulated and semi-real walks."""
