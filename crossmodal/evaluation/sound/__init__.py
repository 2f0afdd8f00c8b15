"""Evaluation of predicted sound, with baselines."""
