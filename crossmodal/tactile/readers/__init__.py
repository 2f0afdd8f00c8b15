"""Readers of pressure files, one module per format."""
