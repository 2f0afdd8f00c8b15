"""The arithmetic of operations: functions of tensors and of values that record instructions.

An operation of `crossmodal.noise.programs` is one Python function that uses these functions and ``+ - * /``. Called
with tensors, it computes; called with `crossmodal.noise.programs.recording.Value`, it records instructions for the
compiled machine; its source is translated to GLSL. So each operation is defined once, with these conventions:

- Numbers are float32. Nothing may become infinite or NaN: operations guard quotients and logarithms.
- Angles are in turns: a full circle is 1, both for `sine` and for `arctangent`.
- Random numbers come from `lattice_random`, an integer hash of integer coordinates, exact on every backend.

The backends differ in the last bits of `sine`, `arctangent`, `exponential` and `logarithm`.
"""

import math
from typing import Annotated, TypeAlias

import torch
from torch import Tensor

from crossmodal.noise.programs.machine import Opcode
from crossmodal.noise.programs.recording import Value

Field: TypeAlias = Annotated[Tensor, "field"]  #: one number for each pixel
Point: TypeAlias = Annotated[tuple[Tensor, Tensor], "vec2"]  #: two numbers for each pixel: coordinates
Triple: TypeAlias = Annotated[tuple[Tensor, Tensor, Tensor], "vec3"]  #: three numbers for each pixel, as a colour
Number: TypeAlias = Annotated[Tensor, "number"]  #: one number for each image, which may depend on time
Count: TypeAlias = Annotated[int, "count"]  #: an integer that is part of the program's structure

_WORD = 0xFFFFFFFF
#: Lattice coordinates are clamped to this, so that every integer is exact in float32.
LATTICE_LIMIT = 4194304.0
EXPONENT_LIMIT = 60.0


def floor(x: Tensor) -> Tensor:
    """Return x, rounded down."""
    return x.recorded(Opcode.FLOOR) if isinstance(x, Value) else torch.floor(x)


def fraction(x: Tensor) -> Tensor:
    """Return the fractional part, in [0, 1)."""
    return x - floor(x)


def absolute(x: Tensor) -> Tensor:
    """Return the absolute value."""
    return x.recorded(Opcode.ABS) if isinstance(x, Value) else torch.abs(x)


def square_root(x: Tensor) -> Tensor:
    """Return the square root; 0 for negative numbers."""
    return x.recorded(Opcode.SQRT) if isinstance(x, Value) else torch.sqrt(x.clamp(min=0.0))


def sine(turns: Tensor) -> Tensor:
    """Return the sine of an angle in turns."""
    if isinstance(turns, Value):
        return turns.recorded(Opcode.SINE)
    return torch.sin((2.0 * math.pi) * (turns - torch.floor(turns + 0.5)))


def cosine(turns: Tensor) -> Tensor:
    """Return the cosine of an angle in turns."""
    return sine(turns + 0.25)


def exponential(x: Tensor) -> Tensor:
    """Return e to the power of x; x is clamped to +-60."""
    if isinstance(x, Value):
        return x.recorded(Opcode.EXP)
    return torch.exp(x.clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT))


def logarithm(x: Tensor) -> Tensor:
    """Return the natural logarithm of x; x is clamped to at least 1e-12."""
    return x.recorded(Opcode.LOG) if isinstance(x, Value) else torch.log(x.clamp(min=1e-12))


def arctangent(y: Tensor, x: Tensor) -> Tensor:
    """Return the angle of the point (x, y) in turns, -0.5 to 0.5; 0 at the origin."""
    if isinstance(y, Value) or isinstance(x, Value):
        return Value.record(Opcode.ATAN, y, x)
    return torch.atan2(y, x) / (2.0 * math.pi)


def minimum(x: Tensor, y: Tensor | float) -> Tensor:
    """Return the lesser of two numbers."""
    if isinstance(x, Value) or isinstance(y, Value):
        return Value.record(Opcode.MIN, x, y)
    return torch.minimum(x, y) if isinstance(y, Tensor) else x.clamp(max=y)


def maximum(x: Tensor, y: Tensor | float) -> Tensor:
    """Return the greater of two numbers."""
    if isinstance(x, Value) or isinstance(y, Value):
        return Value.record(Opcode.MAX, x, y)
    return torch.maximum(x, y) if isinstance(y, Tensor) else x.clamp(min=y)


def unit(x: Tensor) -> Tensor:
    """Return x, clamped to 0 to 1."""
    return maximum(minimum(x, 1.0), 0.0)


def ease(x: Tensor) -> Tensor:
    """Return 3 x^2 - 2 x^3, a smooth step from 0 at x = 0 to 1 at x = 1."""
    return x.recorded(Opcode.EASE) if isinstance(x, Value) else x * x * (3.0 - 2.0 * x)


def mix(start: Tensor, end: Tensor, weight: Tensor) -> Tensor:
    """Interpolate linearly: start at weight 0, end at weight 1."""
    if isinstance(weight, Value) or isinstance(start, Value):
        return Value.record(Opcode.MIX, start, end, weight)
    return start + (end - start) * weight


def pick(condition: Tensor, yes: Tensor | float, no: Tensor | float) -> Tensor:
    """Return ``yes`` where the condition is true, else ``no``."""
    if isinstance(condition, Value):
        return Value.record(Opcode.PICK, condition, yes, no)
    return torch.where(condition, yes, no)


def lattice_random(x: Tensor, y: Tensor, salt: Tensor) -> Tensor:
    """Return a random number in [0, 1), a multiple of 2**-24, for each lattice point (integer x, y and salt).

    References:
        The finalizer is that of MurmurHash3 (A. Appleby, public domain).
    """
    if isinstance(x, Value) or isinstance(y, Value):
        return Value.record(Opcode.HASH, x, y, salt)
    word = (_lattice(x) * 0x9E3779B1 + _lattice(y) * 0x85EBCA77 + _lattice(salt) * 0xC2B2AE3D) & _WORD
    word = ((word ^ (word >> 16)) * 0x85EBCA6B) & _WORD
    word = ((word ^ (word >> 13)) * 0xC2B2AE35) & _WORD
    return ((word ^ (word >> 16)) >> 8).float() * 2.0**-24


def _lattice(x: Tensor) -> Tensor:
    return x.clamp(-LATTICE_LIMIT, LATTICE_LIMIT).to(torch.int64)
