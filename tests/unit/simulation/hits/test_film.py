"""Frames of the stand-in: position of the stick at the time of the frame, and varied scenes."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from crossmodal.simulation.hits import MATERIALS
from crossmodal.simulation.hits.camera import draw_camera
from crossmodal.simulation.hits.film import film
from crossmodal.simulation.hits.kernel import LIMB_COLUMNS, draw_limbs, draw_sprite
from crossmodal.simulation.hits.reaction import Reactions
from crossmodal.simulation.hits.scene import MARGIN_PX
from crossmodal.simulation.hits.take import Options, Take, film_take, plan_take

OPTIONS = Options(seconds=6.0, seed=11, size=(72, 128), frame_rate_hz=Fraction(30000, 1001))


@pytest.fixture(scope="module")
def take() -> Take:
    return plan_take(3, OPTIONS)


def steady(take: Take) -> Take:
    """Return the same take on a tripod, without grain, flicker, moving water or wind."""
    look = replace(
        take.look, shake_px=0.0, flicker=0.0, noise=np.zeros_like(take.look.noise), moves=(0.0, 0.0, 0.0, 0.0)
    )
    return replace(take, look=look, reactions=Reactions([], [], []))


def shoot(take: Take, times_s: list[float]) -> np.ndarray:
    """Render the frames of a take at any times, float (times, height, width, 3)."""
    frames = film(
        take.scene, take.figure, take.motion, take.reactions, take.look, np.array(times_s), OPTIONS.frame_rate_hz,
        np.random.default_rng(0),
    )  # fmt: skip
    return np.stack(list(frames)).astype(float)


class TestCamera:
    @pytest.mark.parametrize("seed", range(10))
    @pytest.mark.parametrize("height_m", [0.0, 0.1])
    def test_unproject_undoes_project(self, seed: int, height_m: float) -> None:
        rng = np.random.default_rng(seed)
        camera = draw_camera(rng, (144, 256))
        pixels = rng.uniform([0, 60], [256, 144], (50, 2))
        points = camera.unproject(pixels, height_m)
        np.testing.assert_allclose(points[:, 2], height_m)
        np.testing.assert_allclose(camera.project(points)[0], pixels, atol=1e-6)

    def test_a_higher_point_is_higher_in_the_image(self) -> None:
        camera = draw_camera(np.random.default_rng(0), (144, 256))
        low, high = camera.project(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.1]]))[0]
        assert high[1] < low[1]


class TestContact:
    def test_stick_ends_on_the_spot_in_the_image_at_the_time_of_a_hit(self, take: Take) -> None:
        for touch in take.touches:
            if touch.kind == "hit":
                pose = take.motion.pose(np.array([touch.time_s]))
                heights = take.motion.height_m(np.array([touch.time_s]))
                stick = take.figure.limbs(pose, take.scene.camera, take.scene.light, heights)[0, 5]
                spot, _ = take.scene.camera.project(np.array(touch.spot_m))
                np.testing.assert_allclose(stick[3:5], spot, atol=1e-3)

    def test_shadow_meets_the_stick_at_the_contact(self, take: Take) -> None:
        touch = next(t for t in take.touches if t.kind == "hit")
        pose = take.motion.pose(np.array([touch.time_s]))
        heights = take.motion.height_m(np.array([touch.time_s]))
        limbs = take.figure.limbs(pose, take.scene.camera, take.scene.light, heights)[0]
        np.testing.assert_allclose(limbs[1, 3:5], limbs[5, 3:5], atol=1e-3)

    def test_a_frame_shows_its_own_time_to_a_millisecond(self, take: Take) -> None:
        """The image differs least from itself at no shift: the exposure is centred on the frame's time."""
        still = steady(take)
        speeds = np.linalg.norm(np.diff(still.motion.pose(still.times_s).tip_m, axis=0), axis=1)
        fastest = still.times_s[np.argsort(speeds)[-12:]]
        shifts = np.array([-0.004, -0.002, 0.002, 0.004])
        best = []
        for time_s in fastest:
            sharp = replace(still, look=replace(still.look, exposure_fraction=1e-6))
            before, after = shoot(sharp, [time_s - 1e-3, time_s + 1e-3])
            blurred = shoot(still, [time_s])[0]
            errors = [((shoot(still, [time_s + shift])[0] - blurred) ** 2).sum() for shift in shifts]
            if ((before - after) ** 2).sum() > 0:
                curve = np.polyfit(shifts, errors, 2)
                best.append(-curve[1] / (2 * curve[0]))
        assert len(best) > 3
        assert abs(float(np.median(best))) < 1e-3

    def test_blur_is_centred_on_the_sharp_position(self, take: Take) -> None:
        """The stick's centre of mass in a blurred frame is that of the point exposure at the frame's time."""
        still = steady(take)
        hit = next(t for t in take.touches if t.kind == "hit")
        time_s = hit.time_s - 0.03
        offsets = np.linspace(-0.4, 0.4, 9) / float(OPTIONS.frame_rate_hz)
        sharp = replace(still, look=replace(still.look, exposure_fraction=1e-6))
        mean = shoot(sharp, list(time_s + offsets)).mean(0)
        blurred = shoot(replace(still, look=replace(still.look, exposure_fraction=0.9)), [time_s])[0]
        early = shoot(sharp, [time_s - 0.03])[0]
        assert np.abs(blurred - mean).mean() < 0.5 * np.abs(early - mean).mean() + 0.5


class TestImage:
    def test_frames_have_the_size_and_type(self, take: Take) -> None:
        frame = next(film_take(take, 3, OPTIONS))
        assert frame.shape == (72, 128, 3)
        assert frame.dtype == np.uint8

    def test_a_frame_does_not_depend_on_the_ones_before(self, take: Take) -> None:
        still = steady(take)
        np.testing.assert_array_equal(shoot(still, [1.0, 2.0, 3.0])[2], shoot(still, [3.0])[0])

    def test_scenes_are_neither_black_nor_white_and_differ(self) -> None:
        means, contrasts = [], []
        for index in range(6):
            frame = next(film_take(plan := plan_take(index, OPTIONS), index, OPTIONS)).astype(float)
            means.append(frame.mean())
            contrasts.append(frame.std())
            assert plan.scene.surfaces
        assert 40 < min(means) < max(means) < 200
        assert max(means) - min(means) > 15
        assert min(contrasts) > 5

    def test_every_material_occurs(self) -> None:
        materials = set()
        for index in range(len(MATERIALS)):
            materials |= {surface.material for surface in plan_take(index, OPTIONS).scene.surfaces}
        assert materials == set(MATERIALS)

    def test_surfaces_are_struck_where_they_are_visible(self, take: Take) -> None:
        for surface in take.scene.surfaces:
            pixels, _ = take.scene.camera.project(surface.spots_m)
            assert (pixels >= 0).all()
            assert (pixels < [128, 72]).all()


class TestKernel:
    def test_a_limb_covers_its_capsule_and_nothing_else(self) -> None:
        image = np.zeros((40, 60, 3), np.float32)
        limb = np.zeros((1, 1, LIMB_COLUMNS))
        limb[0, 0] = [10, 10, 3, 45, 30, 3, 200, 200, 200, 1, 1, 1, 0.3]
        draw_limbs(image, limb, np.zeros(10), np.empty_like(image), np.empty_like(image))
        rows, columns = np.mgrid[:40, :60]
        along = np.clip(((columns - 10) * 35 + (rows - 10) * 20) / (35**2 + 20**2), 0, 1)
        gap = np.hypot(columns - 10 - 35 * along, rows - 10 - 20 * along)
        assert (image[gap < 2.4, 0] > 80).all()
        assert (image[gap > 3.6] == 0).all()

    def test_two_moments_are_the_mean_of_each(self) -> None:
        limbs = np.zeros((2, 1, LIMB_COLUMNS))
        limbs[0, 0] = [10, 10, 3, 30, 12, 3, 200, 100, 50, 1, 1, 1, 0.3]
        limbs[1, 0] = [10, 20, 3, 30, 25, 3, 200, 100, 50, 1, 1, 1, 0.3]

        def drawn(which: Callable[[np.ndarray], np.ndarray] | slice) -> np.ndarray:
            image = np.full((40, 60, 3), 20, np.float32)
            draw_limbs(image, limbs[which], np.zeros(10), np.empty_like(image), np.empty_like(image))
            return image

        both = drawn(slice(0, 2))
        np.testing.assert_allclose(both, (drawn(slice(0, 1)) + drawn(slice(1, 2))) / 2, atol=1e-3)

    def test_a_sprite_moves_by_its_offset(self) -> None:
        sprite = np.zeros((8, 8, 4), np.float32)
        sprite[2:6, 2:6] = [100, 100, 100, 1]
        still, moved = np.zeros((30, 30, 3), np.float32), np.zeros((30, 30, 3), np.float32)
        draw_sprite(still, sprite, (10, 10), (13.5, 13.5), (0.0, 0.0, 0.0))
        draw_sprite(moved, sprite, (10, 10), (13.5, 13.5), (3.0, -2.0, 0.0))
        np.testing.assert_allclose(np.roll(still, (-2, 3), (0, 1)), moved, atol=1e-3)

    def test_margin_is_wide_enough_for_the_shake(self) -> None:
        assert MARGIN_PX >= 12
