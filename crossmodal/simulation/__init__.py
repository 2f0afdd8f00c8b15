"""Simulators with exact ground truth: drumstick hits, walks over pressure mats, and labelled scenes."""
