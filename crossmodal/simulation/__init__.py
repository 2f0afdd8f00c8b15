"""Simulators with exact truth: drumstick hits, walks over pressure mats, and scenes of labelled things."""
