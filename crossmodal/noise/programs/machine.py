"""The machine that renders programs on the CPU: instructions over rows of pixels that fit into the cache.

An instruction works on whole registers of `WIDTH` pixels, so that its overhead is shared by them and the loops are
vectorized. The only arithmetic is IEEE 754 additions, products, quotients, square roots and roundings, and 32-bit
integers, so images are bitwise the same on every machine.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled

#: Pixels in a register.
WIDTH = 1024


class Opcode(IntEnum):
    """Instructions; `OPERANDS` has their operands."""

    COPY = 0
    FILL = 1
    ADD = 2
    ADD_S = 3
    SUB = 4
    SUB_S = 5  # s - v
    MUL = 6
    MUL_S = 7
    DIV = 8
    DIV_S = 9  # s / v
    MIN = 10
    MIN_S = 11
    MAX = 12
    MAX_S = 13
    LESS = 14
    LESS_S = 15  # v < s
    GREATER_S = 16  # v > s
    FLOOR = 17
    ABS = 18
    SQRT = 19
    SINE = 20
    ATAN = 21
    EXP = 22
    LOG = 23
    EASE = 24
    MIX = 25
    PICK = 26
    HASH = 27


_PLAIN = dict.fromkeys(Opcode, "vv")
_ONE_REGISTER = ("COPY", "FLOOR", "ABS", "SQRT", "SINE", "EXP", "LOG", "EASE")
#: Operands of each instruction: v for a register, s for a number that is the same for all pixels.
OPERANDS: dict[Opcode, str] = (
    _PLAIN
    | dict.fromkeys((opcode for opcode in Opcode if opcode.name.endswith("_S")), "vs")
    | dict.fromkeys((Opcode[name] for name in _ONE_REGISTER), "v")
    | {Opcode.FILL: "s", Opcode.MIX: "vvv", Opcode.PICK: "vvv", Opcode.HASH: "vvs"}
)

_ZERO, _QUARTER, _HALF, _ONE = np.float32(0.0), np.float32(0.25), np.float32(0.5), np.float32(1.0)
_TWO, _THREE, _WHITE = np.float32(2.0), np.float32(3.0), np.float32(255.0)
_SMALL, _EXPONENT_LIMIT, _LATTICE_LIMIT = np.float32(1e-12), np.float32(60.0), np.float32(4194304.0)
_HASH_X, _HASH_Y, _HASH_SALT = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D)
_MIX_1, _MIX_2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_13, _16, _8 = np.uint32(13), np.uint32(16), np.uint32(8)
_UNIFORM_STEP = np.float32(2.0**-24)
_SIGNIFICAND, _EXPONENT_OF_ONE, _BIAS = np.int32(0x7FFFFF), np.int32(0x3F800000), np.int32(127)
_SQRT_2, _LOG2_E, _LN_2 = np.float32(2.0**0.5), np.float32(1.4426950408889634), np.float32(0.6931471805599453)
# Minimax polynomials, error 7e-9 before rounding: sine of turns on +-1/4, arctangent in turns on 0 to 1 (both
# odd), 2^x on +-1/2, log2(1 + x) / x from sqrt(1/2) - 1 to sqrt(2) - 1.
_S0, _S1, _S2, _S3, _S4 = (np.float32(c) for c in (6.28318516, -41.341655, 81.6010041, -76.5497825, 39.5367073))
_A0, _A1, _A2, _A3 = (np.float32(c) for c in (0.159154837, -0.053046121, 0.0317459453, -0.0221362716))
_A4, _A5, _A6, _A7 = (np.float32(c) for c in (0.0153460338, -0.00889872325, 0.00347959777, -0.000645304382))
_E1, _E2, _E3 = (np.float32(c) for c in (0.693147206, 0.240226469, 0.0555032878))
_E4, _E5, _E6 = (np.float32(c) for c in (0.00961848896, 0.00133999312, 0.000153458116))
_L0, _L1, _L2 = (np.float32(c) for c in (1.44269487, -0.721347128, 0.480922529))
_L3, _L4, _L5 = (np.float32(c) for c in (-0.360721195, 0.287656673, -0.238519442))
_L6, _L7, _L8 = (np.float32(c) for c in (0.217379401, -0.210303314, 0.125412355))


@compiled
def _sine(turns: np.float32) -> np.float32:
    x = turns - np.floor(turns + _HALF)
    # Fold -1/2 to 1/2 onto -1/4 to 1/4, where the polynomial holds.
    x = _HALF - x if x > _QUARTER else x
    x = -_HALF - x if x < -_QUARTER else x
    y = x * x
    return np.float32(x * (_S0 + y * (_S1 + y * (_S2 + y * (_S3 + y * _S4)))))


@compiled
def _arctangent(y: np.float32, x: np.float32) -> np.float32:
    u, v = abs(x), abs(y)
    low, high = (v, u) if v < u else (u, v)
    # np.divide, since Python's division by 0 raises in compiled code.
    q = np.divide(low, high if high > _SMALL else _SMALL)
    s = q * q
    series = _A3 + s * (_A4 + s * (_A5 + s * (_A6 + s * _A7)))
    angle = q * (_A0 + s * (_A1 + s * (_A2 + s * series)))
    angle = _QUARTER - angle if v > u else angle
    angle = _HALF - angle if x < _ZERO else angle
    return np.float32(-angle if y < _ZERO else angle)


@compiled
def _exponential(x: np.float32) -> np.float32:
    x = min(max(x, -_EXPONENT_LIMIT), _EXPONENT_LIMIT) * _LOG2_E
    whole = np.floor(x + _HALF)
    x = x - whole
    power = _ONE + x * (_E1 + x * (_E2 + x * (_E3 + x * (_E4 + x * (_E5 + x * _E6)))))
    return power * np.int32((np.int32(whole) + _BIAS) << np.int32(23)).view(np.float32)


@compiled
def _logarithm(x: np.float32) -> np.float32:
    bits = np.float32(max(x, _SMALL)).view(np.int32)
    exponent = np.float32(np.int32((bits >> np.int32(23)) - _BIAS))
    x = np.int32((bits & _SIGNIFICAND) | _EXPONENT_OF_ONE).view(np.float32)
    large = x > _SQRT_2
    x = x * _HALF if large else x
    exponent = exponent + _ONE if large else exponent
    x = x - _ONE
    series = _L4 + x * (_L5 + x * (_L6 + x * (_L7 + x * _L8)))
    return (exponent + x * (_L0 + x * (_L1 + x * (_L2 + x * (_L3 + x * series))))) * _LN_2


@compiled
def _lattice(x: np.float32) -> np.uint32:
    return np.uint32(np.int32(min(max(x, -_LATTICE_LIMIT), _LATTICE_LIMIT)))


@compiled
def _lattice_random(x: np.float32, y: np.float32, salt: np.uint32) -> np.float32:
    word = np.uint32(_lattice(x) * _HASH_X + _lattice(y) * _HASH_Y + salt)
    word = np.uint32((word ^ (word >> _16)) * _MIX_1)
    word = np.uint32((word ^ (word >> _13)) * _MIX_2)
    return np.float32(np.int32((word ^ (word >> _16)) >> _8)) * _UNIFORM_STEP


@compiled
def _execute(code: NDArray[np.int16], registers: NDArray[np.float32], numbers: NDArray[np.float32], width: int) -> None:  # noqa: PLR0912, PLR0915
    """Run instructions (n, 5), each an opcode, a result and three operands, on registers (r, width)."""
    for row in range(code.shape[0]):
        opcode = code[row, 0]
        out = registers[code[row, 1]]
        if opcode == Opcode.FILL:
            s = numbers[code[row, 2]]
            for k in range(width):
                out[k] = s
            continue
        a = registers[code[row, 2]]
        if opcode == Opcode.COPY:
            for k in range(width):
                out[k] = a[k]
        elif opcode == Opcode.ADD:
            b = registers[code[row, 3]]
            for k in range(width):
                out[k] = a[k] + b[k]
        elif opcode == Opcode.ADD_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                out[k] = a[k] + s
        elif opcode == Opcode.SUB:
            b = registers[code[row, 3]]
            for k in range(width):
                out[k] = a[k] - b[k]
        elif opcode == Opcode.SUB_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                out[k] = s - a[k]
        elif opcode == Opcode.MUL:
            b = registers[code[row, 3]]
            for k in range(width):
                out[k] = a[k] * b[k]
        elif opcode == Opcode.MUL_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                out[k] = a[k] * s
        elif opcode == Opcode.DIV:
            b = registers[code[row, 3]]
            for k in range(width):
                out[k] = np.divide(a[k], b[k])
        elif opcode == Opcode.DIV_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                out[k] = np.divide(s, a[k])
        elif opcode == Opcode.MIN:
            b = registers[code[row, 3]]
            for k in range(width):
                x, y = a[k], b[k]
                out[k] = x if x < y else y
        elif opcode == Opcode.MIN_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                x = a[k]
                out[k] = x if x < s else s
        elif opcode == Opcode.MAX:
            b = registers[code[row, 3]]
            for k in range(width):
                x, y = a[k], b[k]
                out[k] = x if x > y else y
        elif opcode == Opcode.MAX_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                x = a[k]
                out[k] = x if x > s else s
        elif opcode == Opcode.LESS:
            b = registers[code[row, 3]]
            for k in range(width):
                out[k] = _ONE if a[k] < b[k] else _ZERO
        elif opcode == Opcode.LESS_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                out[k] = _ONE if a[k] < s else _ZERO
        elif opcode == Opcode.GREATER_S:
            s = numbers[code[row, 3]]
            for k in range(width):
                out[k] = _ONE if a[k] > s else _ZERO
        elif opcode == Opcode.FLOOR:
            for k in range(width):
                out[k] = np.floor(a[k])
        elif opcode == Opcode.ABS:
            for k in range(width):
                out[k] = abs(a[k])
        elif opcode == Opcode.SQRT:
            for k in range(width):
                x = a[k]
                out[k] = np.sqrt(x if x > _ZERO else _ZERO)
        elif opcode == Opcode.SINE:
            for k in range(width):
                out[k] = _sine(a[k])
        elif opcode == Opcode.ATAN:
            b = registers[code[row, 3]]
            for k in range(width):
                out[k] = _arctangent(a[k], b[k])
        elif opcode == Opcode.EXP:
            for k in range(width):
                out[k] = _exponential(a[k])
        elif opcode == Opcode.LOG:
            for k in range(width):
                out[k] = _logarithm(a[k])
        elif opcode == Opcode.EASE:
            for k in range(width):
                x = a[k]
                out[k] = x * x * (_THREE - _TWO * x)
        elif opcode == Opcode.MIX:
            b, c = registers[code[row, 3]], registers[code[row, 4]]
            for k in range(width):
                x = a[k]
                out[k] = x + (b[k] - x) * c[k]
        elif opcode == Opcode.PICK:
            b, c = registers[code[row, 3]], registers[code[row, 4]]
            for k in range(width):
                x, y = b[k], c[k]
                out[k] = x if a[k] > _HALF else y
        else:
            b = registers[code[row, 3]]
            salt = np.uint32(_lattice(numbers[code[row, 4]]) * _HASH_SALT)
            for k in range(width):
                out[k] = _lattice_random(a[k], b[k], salt)


@compiled
def _bytes(colour: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    for k in range(out.shape[0]):
        x = colour[k]
        # In this form NaN becomes 0.
        x = x if x > _ZERO else _ZERO
        x = x if x < _ONE else _ONE
        out[k] = np.uint8(np.int32(x * _WHITE + _HALF))


@compiled
def paint(
    prelude: NDArray[np.int16],
    code: NDArray[np.int16],
    numbers: NDArray[np.float32],
    parameters: NDArray[np.float32],
    time_s: np.float32,
    positions: NDArray[np.float32],
    view: NDArray[np.float32],
    registers: NDArray[np.float32],
    image: NDArray[np.uint8],
) -> None:
    """Render one program: image (3, pixels), red, green and blue.

    Args:
        prelude: instructions (n, 5) whose registers are the numbers: computations that are the same for all pixels.
        code: instructions (n, 5) for each pixel; registers 0 and 1 start as x and y, 2 to 4 end as the colour.
        numbers: (n,) constants; the others are overwritten, parameters come first.
        parameters: (p, 5) base, drift, swing, pace (turns/s) and phase (turns) of the first numbers: each is
            base + drift t + swing sine(pace t + phase).
        time_s: t.
        positions: (2, pixels) x and y on the screen.
        view: six numbers a, b, c, d, e, f: programs get the coordinates a x + b y + c and d x + e y + f.
        registers: scratch (r, `WIDTH`).
        image: the output.
    """
    for row in range(parameters.shape[0]):
        base, drift, swing, pace, phase = parameters[row]
        numbers[row] = base + drift * time_s + swing * _sine(pace * time_s + phase)
    _execute(prelude, numbers.reshape(-1, 1), numbers, 1)
    pixels = positions.shape[1]
    for start in range(0, pixels, WIDTH):
        width = min(WIDTH, pixels - start)
        for k in range(width):
            x, y = positions[0, start + k], positions[1, start + k]
            registers[0, k] = view[0] * x + view[1] * y + view[2]
            registers[1, k] = view[3] * x + view[4] * y + view[5]
        _execute(code, registers, numbers, width)
        for channel in range(3):
            _bytes(registers[2 + channel], image[channel, start : start + width])
