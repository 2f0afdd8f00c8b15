"""Readers of pressure files, one module for each format."""
