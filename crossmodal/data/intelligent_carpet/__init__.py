"""Intelligent Carpet (Luo et al., CVPR 2021): pressure on a carpet and 3D poses of people on it."""
