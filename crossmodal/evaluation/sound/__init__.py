"""Predicted sound measured against true sound, beside baselines."""
