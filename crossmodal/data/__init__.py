"""Data sets and data modules: Greatest Hits and its stand-in, procedural images, walks, footsteps; samplers."""

import lazy_loader

# Names are imported when they are first used; __init__.pyi lists them.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
