"""The scene of one video: ground, things on it, camera and light."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from crossmodal.simulation.hits.camera import Camera, draw_camera
from crossmodal.simulation.hits.kernel import draw_sprite
from crossmodal.simulation.hits.light import Light, draw_light
from crossmodal.simulation.hits.material import MATERIALS, Material
from crossmodal.simulation.hits.script import Surface
from crossmodal.simulation.hits.texture import noise_at, paint_plane, scatter_bits
from crossmodal.simulation.hits.thing import Sprite, place_thing

MARGIN_PX = 14  # margin of the canvas around the image, for the shake of the camera


@dataclass(frozen=True)
class Scene:
    """A scene; its canvas is the image with a margin of `MARGIN_PX` on every side.

    Attributes:
        camera: see `Camera`.
        light: see `Light`.
        ground: (height, width, 3) float32 canvas without the things that can move.
        sprites: the things, the farthest first.
        water: (height, width) float32, 1 where the surface flows.
        plants: (height, width) float32, 1 where wind moves things.
        surfaces: the surfaces that can be struck.
        colours: (surfaces, 3) mean colour of each surface.
        owners: index of the surface of a sprite, by its index in ``sprites``; the others cannot be struck.
    """

    camera: Camera
    light: Light
    ground: np.ndarray
    sprites: list[Sprite]
    water: np.ndarray
    plants: np.ndarray
    surfaces: list[Surface]
    colours: np.ndarray
    owners: dict[int, int]

    def canvas(self, offsets: np.ndarray | None = None) -> np.ndarray:
        """Render the canvas with its things, displaced by (surfaces, 3) offsets: x and y in pixels, and an angle."""
        out = self.ground.copy()
        for k, sprite in enumerate(self.sprites):
            moved = offsets is not None and k in self.owners
            x, y, angle = offsets[self.owners[k]] if moved and offsets is not None else (0.0, 0.0, 0.0)
            draw_sprite(out, sprite.rgba, sprite.corner, sprite.centre, (float(x), float(y), float(angle)))
        return out


def draw_scene(rng: np.random.Generator, size: tuple[int, int], required: str | None = None) -> Scene:
    """Draw the scene of one video.

    Args:
        rng: random generator.
        size: (height, width) of the image.
        required: a material that must be in the scene, so that a set of videos has all materials.
    """
    camera = draw_camera(rng, size)
    place = _choose_place(rng, required)
    light = draw_light(rng, place)
    grid = np.mgrid[: size[0] + 2 * MARGIN_PX, : size[1] + 2 * MARGIN_PX].astype(float) - MARGIN_PX
    pixels = np.stack([grid[1], grid[0]], axis=-1)
    grounds, things = _choose_materials(rng, place, required)
    ground, labels = _paint_ground(rng, camera, pixels, grounds, light)
    placed = [place_thing(rng, camera, light, pixels, ground, material) for material in things]
    found = [(thing, m) for thing, m in zip(placed, things, strict=True) if thing is not None]
    found.sort(key=lambda pair: -pair[0].depth_m)
    names = np.array([m.name for m in grounds])[labels]
    for thing, _ in found:  # neither water nor wind moves things
        (row, column), (rows, columns) = thing.corner, thing.rgba.shape[:2]
        names[row : row + rows, column : column + columns][thing.rgba[..., 3] > 0.5] = ""
    return Scene(
        camera=camera,
        light=light,
        ground=ground,
        sprites=[thing for thing, _ in found],
        water=(names == "water").astype(np.float32),
        plants=np.isin(names, ["grass", "leaf"]).astype(np.float32),
        **_gather_surfaces(rng, camera, pixels, ground, labels, grounds, found),
    )


def _gather_surfaces(
    rng: np.random.Generator,
    camera: Camera,
    pixels: np.ndarray,
    ground: np.ndarray,
    labels: np.ndarray,
    grounds: list[Material],
    found: list[tuple[Sprite, Material]],
) -> dict[str, Any]:
    """Return the surfaces that can be struck, parts of the ground and things, where they are not occluded."""
    visible = labels.copy()
    for k, (sprite, _) in enumerate(found):
        rows, columns = sprite.rgba.shape[:2]
        part = visible[sprite.corner[0] : sprite.corner[0] + rows, sprite.corner[1] : sprite.corner[1] + columns]
        part[sprite.rgba[..., 3] > 0.5] = len(grounds) + k
    surfaces, colours, owners = [], [], {}
    points = camera.unproject(pixels)
    for index, material in enumerate(grounds):
        spots = _reachable(rng, camera, pixels, points, visible == index)
        if len(spots):
            surfaces.append(Surface(material.name, spots, False))
            colours.append(ground[visible == index].mean(0))
    for k, (sprite, material) in enumerate(found):
        at = np.round(camera.project(sprite.spots_m)[0]).astype(int) + MARGIN_PX
        spots = sprite.spots_m[visible[at[:, 1], at[:, 0]] == len(grounds) + k]
        if len(spots) >= 4:
            owners[k] = len(surfaces)
            surfaces.append(Surface(material.name, spots, True))
            colours.append(sprite.rgba[sprite.rgba[..., 3] > 0.5, :3].mean(0))
    return {"surfaces": surfaces, "colours": np.array(colours), "owners": owners}


def _choose_place(rng: np.random.Generator, required: str | None) -> str:
    if required is not None:
        return str(rng.choice(MATERIALS[required].appearance.places))
    return str(rng.choice(["indoor", "outdoor"]))


def _choose_materials(
    rng: np.random.Generator, place: str, required: str | None
) -> tuple[list[Material], list[Material]]:
    """Draw the materials of one to three parts of the ground and of the things on it (at most seven)."""
    available = [m for m in MATERIALS.values() if place in m.appearance.places]
    ground = [m for m in available if "ground" in m.appearance.forms]
    thing = [m for m in available if "thing" in m.appearance.forms]
    grounds = [ground[i] for i in rng.permutation(len(ground))[: int(rng.integers(1, 4))]]
    things = [thing[i] for i in rng.integers(len(thing), size=int(rng.integers(0, 4 if place == "outdoor" else 8)))]
    if required is not None:
        material = MATERIALS[required]
        if "ground" in material.appearance.forms and (rng.random() < 0.7 or "thing" not in material.appearance.forms):
            grounds[0] = material
        else:
            things = [*things[:6], material]
    return grounds, things


def _paint_ground(
    rng: np.random.Generator, camera: Camera, pixels: np.ndarray, materials: list[Material], light: Light
) -> tuple[np.ndarray, np.ndarray]:
    """Paint the canvas (height, width, 3), and return it with the index of the material at each pixel."""
    points = camera.unproject(pixels)
    scale = camera.project(points)[1]
    labels = _divide(rng, points, len(materials), camera)
    canvas = np.zeros((*labels.shape, 3), np.float32)
    light_xy = (light.slope[0], -light.slope[1])
    for index, material in enumerate(materials):
        part = labels == index
        canvas[part] = paint_plane(material.appearance, points, rng)[part]
        if material.appearance.flecks:
            squash = float(np.sin(camera.pitch_rad))
            scatter_bits(canvas, part, scale, squash, material.appearance, rng, light_xy)
    if all("outdoor" in m.appearance.places for m in materials) and rng.random() < 0.7:
        dry = np.isin(labels, [k for k, m in enumerate(materials) if m.name != "water"])
        for name in ("leaf", "grass", "gravel"):  # litter on any dry ground
            if rng.random() < 0.5:
                scatter_bits(canvas, dry, scale, 1.0, MATERIALS[name].appearance, rng, light_xy, (0.01, 0.15))
    if light.shadow > 0.4 and rng.random() < 0.6:
        shade = noise_at(points, rng, rng.uniform(0.1, 0.5), roughness=0.6)
        canvas *= (1 - light.shadow * np.clip(8 * (shade - rng.uniform(0.45, 0.62)), 0, 1))[..., None]
    falloff = noise_at(points, rng, 1.5, roughness=0.0)
    canvas *= (0.75 + 0.5 * falloff)[..., None] * light.tint
    return canvas, labels


def _divide(rng: np.random.Generator, points: np.ndarray, parts: int, camera: Camera) -> np.ndarray:
    """Divide the plane by straight or wavy lines near the middle of the view, and return the part of each pixel."""
    labels = np.zeros(points.shape[:2], int)
    view_m = camera.width_px * camera.distance_m / camera.focal_px
    for part in range(1, parts):
        angle, offset = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2) * view_m
        line = points[..., 0] * np.cos(angle) + points[..., 1] * np.sin(angle) - offset
        if rng.random() < 0.6:
            line = line + 0.4 * view_m * (noise_at(points, rng, 0.3 * view_m) - 0.5)
        labels[line > 0.1 * view_m] = part
    return labels


def _reachable(
    rng: np.random.Generator, camera: Camera, pixels: np.ndarray, points: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    x, y = pixels[..., 0] / camera.width_px, pixels[..., 1] / camera.height_px
    candidates = points[mask & (x > 0.12) & (x < 0.88) & (y > 0.2) & (y < 0.9)]
    return candidates[rng.integers(len(candidates), size=24)] if len(candidates) > 50 else candidates[:0]
