"""Contacts of a foot, from its force alone."""

import numpy as np
import pytest

from crossmodal.gait.contact import find_contacts, find_print_contact, threshold_events

RATE_HZ = 100.0
TRUE = [(0.3034, 0.9712), (1.4091, 2.0733), (2.5177, 3.1802)]


def force(times_s, stances=TRUE, peak_n=800.0):
    """Stances that load evenly within 40 ms and unload within 60 ms, as the power 1.5 of the time that is left."""
    total = np.zeros_like(times_s)
    for on, off in stances:
        load, unload = np.clip((times_s - on) / 0.04, 0.0, 1.0), np.clip((off - times_s) / 0.06, 0.0, 1.0) ** 1.5
        total += peak_n * np.minimum(load, unload)
    return total


@pytest.fixture
def times_s():
    return np.arange(360) / RATE_HZ


def test_edges_are_found_between_the_samples(times_s):
    found = find_contacts(force(times_s), times_s)
    assert np.array([contact[:2] for contact in found]) == pytest.approx(np.array(TRUE), abs=1.5e-3)


def test_thresholds_are_late_at_heel_strike_and_early_at_toe_off(times_s):
    for contact, (on, off) in zip(threshold_events(force(times_s), times_s, 200.0), TRUE, strict=True):
        assert contact.heel_strike_s - on == pytest.approx(0.01, abs=0.011)
        assert contact.toe_off_s - off == pytest.approx(-0.024, abs=0.011)


def test_a_threshold_counts_frames(times_s):
    curve = np.zeros(360)
    curve[100:150] = 51.0
    ((on, off, first, last),) = threshold_events(curve, times_s, 50.0)
    assert (first, last) == (100, 149)
    assert (on, off) == pytest.approx((1.0, 1.5))
    assert threshold_events(curve, times_s, 51.0) == []


@pytest.mark.parametrize("residual_n", [7.0, 25.0, 600.0])
def test_the_load_of_the_swing_does_not_matter(times_s, residual_n):
    noise = np.random.default_rng(0).normal(0.0, 0.5, len(times_s))
    found = find_contacts(force(times_s) + residual_n + noise, times_s)
    assert np.array([contact[:2] for contact in found]) == pytest.approx(np.array(TRUE), abs=8e-3)


@pytest.mark.parametrize("rate_hz", [31.25, 100.0, 200.0])
def test_load_that_an_insole_shows_after_the_foot_has_left_is_no_stance(rate_hz):
    """As on a real insole: 15 N after toe off that fall to 8 N within 0.2 s."""
    times_s = np.arange(round(3.6 * rate_hz)) / rate_hz
    tails = sum(np.where(times_s > off, 10.0 * np.exp(-(times_s - off) / 0.1), 0.0) for _, off in TRUE)
    found = find_contacts(force(times_s) + 8.0 + tails, times_s)
    errors = np.array([contact[:2] for contact in found]) - np.array(TRUE)
    assert np.abs(errors[:, 1]).max() < 0.012


def test_stances_that_the_recording_cuts_have_no_edge_there(times_s):
    curve = force(times_s, [(-0.4, 0.31), (1.1, 1.7), (3.3, 4.1)])
    found = find_contacts(curve, times_s)
    assert len(found) == 3
    assert np.isnan([found[0].heel_strike_s, found[2].toe_off_s]).all()
    assert found[0].toe_off_s == pytest.approx(0.31, abs=2e-3)


def test_short_dips_and_flickers_are_neither_swings_nor_stances(times_s):
    curve = force(times_s)
    curve[60:63] = 0.0
    curve[115:119] = 300.0
    assert len(threshold_events(curve, times_s, 50.0)) == 3


@pytest.mark.parametrize("curve", [np.zeros(50), np.zeros(0), np.full(50, 700.0)])
def test_no_walk_is_no_error(curve):
    clock = np.arange(len(curve)) / RATE_HZ
    assert len([one for one in find_contacts(curve, clock) if np.isfinite(one.heel_strike_s)]) == 0


def test_toes_that_drag_are_not_stance(times_s):
    curve = force(times_s, [(0.3, 0.9)])
    curve[90:140] += 8.0
    contact = find_print_contact(curve, times_s)
    assert contact is not None
    assert contact.toe_off_s == pytest.approx(0.9, abs=0.01)


def test_a_print_begins_and_ends_with_its_first_and_last_cell(times_s):
    contact = find_print_contact(force(times_s, [TRUE[0]]), times_s)
    assert contact[:2] == pytest.approx(TRUE[0], abs=1.5e-3)
    assert find_print_contact(np.zeros(9), np.arange(9.0)) is None
