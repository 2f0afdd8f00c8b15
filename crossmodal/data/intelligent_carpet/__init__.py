"""Intelligent Carpet (Luo et al., CVPR 2021): pressure of a carpet and the pose above it."""
