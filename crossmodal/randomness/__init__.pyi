from .fields import normals, random_bits, uniforms
from .stream import generator, stream_key

__all__ = [
    "generator",
    "normals",
    "random_bits",
    "stream_key",
    "uniforms",
]
