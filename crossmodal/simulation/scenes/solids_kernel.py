"""Ray casting of spheres, cubes and cylinders on a plane: Lambert shading, Blinn highlight and one shadow ray."""

import math

import numpy as np
from numpy.typing import NDArray

from crossmodal.compiled import compiled
from crossmodal.simulation.scenes.solids_draws import (
    CLASS,
    COLOUR,
    COSINE,
    CUBE,
    CUBE_HALF,
    CYLINDER_HALF,
    CYLINDER_RADIUS,
    HALF_VIEW,
    METAL,
    RADIUS,
    SINE,
    SPHERE,
    X,
    Y,
)
from crossmodal.simulation.supersampling import SAMPLES, mean_level

_GROUND_COLOUR = 150.0
_AMBIENT, _DIFFUSE = 0.40, 0.75
_OFFSET = 1e-6  # distance of the start of a shadow ray from its surface

Vector = tuple[float, float, float]


@compiled
def cast_solids(
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    things: NDArray[np.uint8],
    solids: NDArray[np.float64],
    eyes: NDArray[np.float64],
    lamps: NDArray[np.float64],
) -> None:
    """Render solids to ``images`` (n, 3, height, width), ``masks`` and ``things`` (n, height, width)."""
    height, width = masks.shape[1], masks.shape[2]
    for i in range(len(solids)):
        eye, lamp = (eyes[i, 0], eyes[i, 1], eyes[i, 2]), (lamps[i, 0], lamps[i, 1], lamps[i, 2])
        right, down, ahead = _camera(eye)
        for row in range(height):
            for column in range(width):
                red, green, blue = 0.0, 0.0, 0.0
                for sample in range(SAMPLES * SAMPLES):
                    y = ((row + (sample // SAMPLES + 0.5) / SAMPLES) - 0.5 * height) / (0.5 * min(height, width))
                    x = ((column + (sample % SAMPLES + 0.5) / SAMPLES) - 0.5 * width) / (0.5 * min(height, width))
                    ray = _direction(right, down, ahead, x, y)
                    number, colour = _trace(solids[i], eye, ray, lamp)
                    red, green, blue = red + colour[0], green + colour[1], blue + colour[2]
                    if sample == SAMPLES * SAMPLES // 2:
                        masks[i, row, column] = np.uint8(solids[i, number, CLASS]) if number >= 0 else np.uint8(0)
                        things[i, row, column] = np.uint8(number + 1)
                for channel, total in enumerate((red, green, blue)):
                    images[i, channel, row, column] = mean_level(total)


@compiled
def _camera(eye: Vector) -> tuple[Vector, Vector, Vector]:
    """Return the right, down and forward directions of an eye that looks at the origin of the plane."""
    length = math.sqrt(eye[0] * eye[0] + eye[1] * eye[1] + eye[2] * eye[2])
    ahead = (-eye[0] / length, -eye[1] / length, -eye[2] / length)
    level = math.sqrt(ahead[0] * ahead[0] + ahead[1] * ahead[1])
    right = (ahead[1] / level, -ahead[0] / level, 0.0)
    down = (-ahead[2] * right[1], ahead[2] * right[0], ahead[0] * right[1] - ahead[1] * right[0])
    return right, down, ahead


@compiled
def _direction(right: Vector, down: Vector, ahead: Vector, x: float, y: float) -> Vector:
    """Return the unit vector through a point of the image, with coordinates -1 to 1 along the shorter side."""
    a = ahead[0] + HALF_VIEW * (x * right[0] + y * down[0])
    b = ahead[1] + HALF_VIEW * (x * right[1] + y * down[1])
    c = ahead[2] + HALF_VIEW * (x * right[2] + y * down[2])
    length = math.sqrt(a * a + b * b + c * c)
    return a / length, b / length, c / length


@compiled
def _trace(
    solids: NDArray[np.float64], eye: Vector, ray: Vector, lamp: Vector
) -> tuple[int, tuple[float, float, float]]:
    """Return the index of the first solid on a ray (-1 for the ground), and its colour there."""
    number, distance, normal = _nearest(solids, eye, ray)
    if number < 0:
        if ray[2] >= 0.0:
            return number, (_GROUND_COLOUR, _GROUND_COLOUR, _GROUND_COLOUR)
        distance, normal = -eye[2] / ray[2], (0.0, 0.0, 1.0)
    point = (
        eye[0] + distance * ray[0] + _OFFSET * normal[0],
        eye[1] + distance * ray[1] + _OFFSET * normal[1],
        eye[2] + distance * ray[2] + _OFFSET * normal[2],
    )
    a, b, c = lamp[0] - point[0], lamp[1] - point[1], lamp[2] - point[2]
    length = math.sqrt(a * a + b * b + c * c)
    light = (a / length, b / length, c / length)
    facing = normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2]
    lit, shine = _AMBIENT, 0.0
    # A solid between the surface and the lamp casts a shadow, one behind the lamp does not.
    if facing > 0.0 and _nearest(solids, point, light)[1] > length:
        lit += _DIFFUSE * facing
        shine = _highlight(ray, normal, light)
    if number < 0:
        return number, (_GROUND_COLOUR * lit, _GROUND_COLOUR * lit, _GROUND_COLOUR * lit)
    solid = solids[number]
    gloss = 190.0 * shine if solid[METAL] > 0.0 else 25.0 * shine
    return number, (solid[COLOUR] * lit + gloss, solid[COLOUR + 1] * lit + gloss, solid[COLOUR + 2] * lit + gloss)


@compiled
def _highlight(ray: Vector, normal: Vector, light: Vector) -> float:
    """Return Blinn's highlight: the 32nd power of the cosine of the normal and the half vector of light and eye."""
    a, b, c = light[0] - ray[0], light[1] - ray[1], light[2] - ray[2]
    length = math.sqrt(a * a + b * b + c * c)
    cosine = max(0.0, (normal[0] * a + normal[1] * b + normal[2] * c) / max(length, 1e-12))
    for _ in range(5):
        cosine *= cosine
    return cosine


@compiled
def _nearest(solids: NDArray[np.float64], start: Vector, ray: Vector) -> tuple[int, float, Vector]:
    """Return the index of the first solid on a ray (-1 for none), the distance to it, and the normal there."""
    number, distance, normal = -1, math.inf, (0.0, 0.0, 1.0)
    for i in range(len(solids)):
        if solids[i, CLASS] != 0.0 and _passes_near(solids[i], start, ray):
            found, found_normal = _intersect(solids[i], start, ray)
            if found < distance:
                number, distance, normal = i, found, found_normal
    return number, distance, normal


@compiled
def _passes_near(solid: NDArray[np.float64], start: Vector, ray: Vector) -> bool:
    """Return whether the line of a ray meets the bounding sphere of a solid of any shape."""
    middle = solid[RADIUS] * (1.0 if solid[CLASS] == SPHERE else CUBE_HALF if solid[CLASS] == CUBE else CYLINDER_HALF)
    a, b, c = solid[X] - start[0], solid[Y] - start[1], middle - start[2]
    along = a * ray[0] + b * ray[1] + c * ray[2]
    # The half diagonal of the cube is 1.22 radii, that of the cylinder 1.14.
    return bool(a * a + b * b + c * c - along * along < 1.5 * solid[RADIUS] * solid[RADIUS])


@compiled
def _intersect(solid: NDArray[np.float64], start: Vector, ray: Vector) -> tuple[float, Vector]:
    """Return the distance along a ray to a solid (infinite without an entry point), and the normal there."""
    # In the axes of the solid, with the origin at the centre of its base.
    a, b = start[0] - solid[X], start[1] - solid[Y]
    x, y, z = solid[COSINE] * a + solid[SINE] * b, solid[COSINE] * b - solid[SINE] * a, start[2]
    u = solid[COSINE] * ray[0] + solid[SINE] * ray[1]
    v = solid[COSINE] * ray[1] - solid[SINE] * ray[0]
    if solid[CLASS] == SPHERE:
        distance, normal = _intersect_sphere((x, y, z - solid[RADIUS]), (u, v, ray[2]), solid[RADIUS])
    elif solid[CLASS] == CUBE:
        half = CUBE_HALF * solid[RADIUS]
        distance, normal = _intersect_cube((x, y, z - half), (u, v, ray[2]), half)
    else:
        radius, half = CYLINDER_RADIUS * solid[RADIUS], CYLINDER_HALF * solid[RADIUS]
        distance, normal = _intersect_cylinder((x, y, z - half), (u, v, ray[2]), radius, half)
    rotated = (
        solid[COSINE] * normal[0] - solid[SINE] * normal[1],
        solid[SINE] * normal[0] + solid[COSINE] * normal[1],
        normal[2],
    )
    return distance, rotated


@compiled
def _intersect_sphere(start: Vector, ray: Vector, radius: float) -> tuple[float, Vector]:
    along = start[0] * ray[0] + start[1] * ray[1] + start[2] * ray[2]
    rest = start[0] * start[0] + start[1] * start[1] + start[2] * start[2] - radius * radius
    under = along * along - rest
    if under <= 0.0:
        return math.inf, (0.0, 0.0, 1.0)
    distance = -along - math.sqrt(under)
    if distance <= 0.0:
        return math.inf, (0.0, 0.0, 1.0)
    return distance, (
        (start[0] + distance * ray[0]) / radius,
        (start[1] + distance * ray[1]) / radius,
        (start[2] + distance * ray[2]) / radius,
    )


@compiled
def _intersect_cube(start: Vector, ray: Vector, half: float) -> tuple[float, Vector]:
    """Intersect by slabs: the ray is inside from the last entry to the first exit."""
    enter, leave, side = -math.inf, math.inf, 0
    for axis in range(3):
        if ray[axis] == 0.0:
            if abs(start[axis]) >= half:
                return math.inf, (0.0, 0.0, 1.0)
            continue
        near, far = (-half - start[axis]) / ray[axis], (half - start[axis]) / ray[axis]
        if near > far:
            near, far = far, near
        if near > enter:
            enter, side = near, axis
        leave = min(leave, far)
    if enter >= leave or enter <= 0.0:
        return math.inf, (0.0, 0.0, 1.0)
    sign = -1.0 if ray[side] > 0.0 else 1.0
    return enter, (sign if side == 0 else 0.0, sign if side == 1 else 0.0, sign if side == 2 else 0.0)


@compiled
def _intersect_cylinder(start: Vector, ray: Vector, radius: float, half: float) -> tuple[float, Vector]:
    """Intersect with the side of an upright cylinder if the ray enters between its caps, else with a cap."""
    across = ray[0] * ray[0] + ray[1] * ray[1]
    along, rest = start[0] * ray[0] + start[1] * ray[1], start[0] * start[0] + start[1] * start[1] - radius * radius
    if across > 0.0:
        under = along * along - across * rest
        if under <= 0.0:
            return math.inf, (0.0, 0.0, 1.0)
        distance = (-along - math.sqrt(under)) / across
        height = start[2] + distance * ray[2]
        if distance > 0.0 and abs(height) < half:
            return distance, (
                (start[0] + distance * ray[0]) / radius,
                (start[1] + distance * ray[1]) / radius,
                0.0,
            )
    if ray[2] == 0.0:
        return math.inf, (0.0, 0.0, 1.0)
    sign = -1.0 if ray[2] > 0.0 else 1.0
    distance = (sign * half - start[2]) / ray[2]
    x, y = start[0] + distance * ray[0], start[1] + distance * ray[1]
    if distance > 0.0 and x * x + y * y < radius * radius:
        return distance, (0.0, 0.0, sign)
    return math.inf, (0.0, 0.0, 1.0)
