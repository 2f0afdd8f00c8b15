"""Solids: masks against sphere tracing, shadows, and the distributions of the draws; false-alarm rate 1e-4 each."""

import numpy as np
from scipy import stats

from crossmodal.simulation.scenes import SolidScenes
from crossmodal.simulation.scenes import solids_draws as columns

ALARM = 1e-4
SIDE = 32


def distances(points, solids):
    """Signed gaps of points (rays, 3) to each solid and, last, to the ground: (rays, solids + 1)."""
    found = []
    for solid in solids:
        if solid[columns.CLASS] == 0:
            found.append(np.full(len(points), np.inf))
            continue
        radius = solid[columns.RADIUS]
        x, y = points[:, 0] - solid[columns.X], points[:, 1] - solid[columns.Y]
        x, y = solid[columns.COSINE] * x + solid[columns.SINE] * y, solid[columns.COSINE] * y - solid[columns.SINE] * x
        if solid[columns.CLASS] == columns.SPHERE:
            found.append(np.sqrt(x**2 + y**2 + (points[:, 2] - radius) ** 2) - radius)
        elif solid[columns.CLASS] == columns.CUBE:
            half = columns.CUBE_HALF * radius
            gaps = np.abs(np.stack([x, y, points[:, 2] - half], axis=1)) - half
            found.append(np.linalg.norm(gaps.clip(0), axis=1) + gaps.max(axis=1).clip(max=0))
        else:
            half = columns.CYLINDER_HALF * radius
            gaps = np.stack(
                [np.hypot(x, y) - columns.CYLINDER_RADIUS * radius, np.abs(points[:, 2] - half) - half], axis=1
            )
            found.append(np.linalg.norm(gaps.clip(0), axis=1) + gaps.max(axis=1).clip(max=0))
    return np.stack([*found, points[:, 2]], axis=1)


def traced(draws, place, steps=400):
    """The solid that each pixel's centre shows (0 for the ground), by sphere tracing, and which rays only just miss."""
    eye, solids = draws.eyes[place], draws.solids[place]
    ahead = -eye / np.linalg.norm(eye)
    right = np.cross(ahead, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(ahead, right)
    middle = (np.arange(SIDE) + 0.5) / (SIDE / 2) - 1
    y, x = np.meshgrid(middle, middle, indexing="ij")
    rays = ahead + columns.HALF_VIEW * (x.reshape(-1, 1) * right + y.reshape(-1, 1) * down)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    points, closest = np.repeat(eye[None], SIDE**2, axis=0), np.full(SIDE**2, np.inf)
    for _ in range(steps):
        reach = distances(points, solids)
        closest = np.minimum(closest, np.where(reach[:, :-1] > 1e-9, reach[:, :-1], np.inf).min(axis=1))
        points += rays * reach.min(axis=1, keepdims=True).clip(0)
    nearest = distances(points, solids).argmin(axis=1)
    return np.where(nearest == len(solids), 0, nearest + 1).reshape(SIDE, SIDE)


def test_masks_are_those_of_sphere_tracing():
    draws = SolidScenes().sample(range(25), SIDE, seed=2)
    labelled = SolidScenes().render_labelled(draws)
    differing = sum(int((traced(draws, place) != labelled.things[place].numpy()).sum()) for place in range(25))
    # Rays that graze a surface within the tracer's accuracy may end on either side of it.
    assert differing <= 2
    classes = np.concatenate([np.zeros((25, 1)), draws.solids[..., columns.CLASS]], axis=1)
    assert np.array_equal(
        np.take_along_axis(classes, labelled.things.reshape(25, -1).long().numpy(), axis=1),
        labelled.masks.reshape(25, -1).numpy(),
    )


def test_solids_are_disjoint_and_within_range():
    draws = SolidScenes(fewest=6, most=6).sample(range(200), SIDE)
    for solids in draws.solids:
        existing = solids[solids[:, columns.CLASS] > 0]
        assert np.abs(existing[:, columns.X : columns.Y + 1]).max() <= 3
        distances = np.linalg.norm(
            existing[:, None, columns.X : columns.Y + 1] - existing[None, :, columns.X : columns.Y + 1], axis=2
        )
        min_distances = existing[:, None, columns.RADIUS] + existing[None, :, columns.RADIUS]
        assert (distances + np.diag(np.full(len(existing), np.inf)) > min_distances).all()


def test_attributes_are_drawn_evenly():
    attributes = {name: values.numpy() for name, values in SolidScenes().attributes(range(3000), SIDE).items()}
    existing = attributes["shape"] >= 0
    assert np.array_equal(existing.sum(axis=1), attributes["count"])
    for name, values in (("shape", columns.SHAPES), ("colour", columns.COLOURS), ("material", columns.MATERIALS)):
        assert stats.chisquare(np.bincount(attributes[name][existing], minlength=len(values))).pvalue > ALARM
    # The first solid always finds a place, so that its size is as drawn and the number only rarely falls short.
    assert stats.binomtest(int(attributes["size"][:, 0].sum()), 3000, 0.5).pvalue > ALARM
    assert np.bincount(attributes["count"], minlength=7)[:3].sum() < 30


def test_a_solid_has_its_colour_and_casts_a_shadow():
    process = SolidScenes(fewest=1, most=1)
    draws = process.sample(range(40), 64)
    seen = process.render_labelled(draws)
    empty = process.render_labelled(columns.SolidDraws(draws.size, 0 * draws.solids, draws.eyes, draws.lamps, {}))
    ground = seen.masks == 0
    darker = (empty.images.float() - seen.images.float()).mean(dim=1) > 20
    assert (darker & ground).any(dim=(1, 2)).float().mean() > 0.9
    # Only pixels at a solid's edge mix its colour into the ground's and may come out lighter.
    lighter = (seen.images.float() - empty.images.float()).mean(dim=1) > 1
    assert (lighter & ground).float().mean() < 0.01
    names = list(columns.COLOURS)
    for image, mask, colour in zip(seen.images, seen.masks, seen.attributes["colour"][:, 0], strict=True):
        if names[int(colour)] in {"red", "blue", "green"} and (mask > 0).sum() > 20:
            channel = ("red", "green", "blue").index(names[int(colour)])
            means = image[:, mask > 0].float().mean(dim=1)
            assert int(means.argmax()) == channel


def test_metal_shines():
    process = SolidScenes(fewest=1, most=1)
    draws = process.sample(range(30), 48)
    rubber, metal = draws.solids.copy(), draws.solids.copy()
    rubber[..., columns.METAL], metal[..., columns.METAL] = 0, 1
    dull, bright = (
        process.render(columns.SolidDraws(draws.size, solids, draws.eyes, draws.lamps, {}))
        for solids in (rubber, metal)
    )
    assert (bright.int() >= dull.int()).all()
    gain = (bright.int() - dull.int()).flatten(1).max(dim=1).values
    assert (gain[draws.attributes["shape"][:, 0] == columns.SPHERE - 1] > 40).all()
