"""Every value is in exactly one class, and the colours can be told apart by everybody."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spatial.outputs import themes

# What the cones miss: Machado, Oliveira & Fernandes 2009, doi 10.1109/TVCG.2009.113, severity 1.
VISION = {
    "normal": np.eye(3),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
PALETTES = {
    "sequential": [*themes.SEQUENTIAL, themes.NO_DATA],
    "diverging": [*themes.DIVERGING, themes.NO_DATA],
    "clusters": [*dict.fromkeys(themes.CLUSTERS.values()), themes.NO_DATA],
    "significance": [*themes.SIGNIFICANCE.values(), themes.CLUSTERS["Isolated"], themes.NO_DATA],
    "groups": [*themes.GROUPS, themes.NO_DATA, themes.LAND],
}


def lab(colour, vision):
    rgb = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(vision @ linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(one, other):
    """CIEDE2000: Sharma, Wu & Dalal 2005, doi 10.1002/col.20070."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    big_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    if c1 * c2 == 0:
        h_mean = h1 + h2
    elif abs(h1 - h2) <= 180:
        h_mean = (h1 + h2) / 2
    else:
        h_mean = (h1 + h2 + 360) / 2 if h1 + h2 < 360 else (h1 + h2 - 360) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(h_mean - 30))
        + 0.24 * np.cos(np.radians(2 * h_mean))
        + 0.32 * np.cos(np.radians(3 * h_mean + 6))
        - 0.20 * np.cos(np.radians(4 * h_mean - 63))
    )
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / np.sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    r_t = -2 * np.sqrt(c_mean**7 / (c_mean**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((h_mean - 275) / 25) ** 2))))
    dl, dc, dh = (l2 - l1) / s_l, (c2 - c1) / s_c, big_h / s_h
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + r_t * dc * dh))


def test_the_difference_is_the_published_one():
    assert difference((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert difference((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514)) == pytest.approx(0.9082, abs=1e-4)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("palette", PALETTES)
def test_colours_of_a_palette_differ_for_everybody(palette, vision):
    seen = [lab(colour, VISION[vision]) for colour in PALETTES[palette]]
    assert min(difference(*pair) for pair in itertools.combinations(seen, 2)) >= 10


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9), st.integers(-3, 3).map(float)), min_size=2, max_size=40),
    st.sampled_from(["sequential", "diverging", "categories"]),
)
def test_every_value_is_in_exactly_one_class(values, kind):
    column = pd.Series(values, dtype=float, name="column")
    assume(column.notna().any())
    made = themes.theme(column, kind, id="column", title="Column")
    numbers = themes.class_numbers(made, column)
    counts = np.bincount(numbers, minlength=len(made.classes))
    assert list(counts) == [each.count for each in made.classes]
    assert sum(counts) == len(values)
    for value, number in zip(values, numbers, strict=True):
        found = made.classes[number]
        if value is None:
            assert found.label == themes.NO_DATA_LABEL
        elif kind != "categories":
            first = min(each.low for each in made.classes if each.low is not None)
            assert found.low < value <= found.high or value == found.low == first


def test_clusters_keep_their_colours_and_order():
    column = pd.Series(["Not significant", "Low-Low", "High-High", "No data"], name="cluster")
    made = themes.theme(column, "clusters", id="cluster", title="Cluster")
    assert [each.label for each in made.classes] == ["High-High", "Low-Low", "Not significant", "No data"]
    assert made.classes[0].colour == themes.CLUSTERS["High-High"]
    assert made.classes[-1].colour == themes.NO_DATA


def test_the_category_of_no_data_is_the_last():
    column = pd.Series(["West", "No data", "East", "2"], name="zone")
    made = themes.theme(column, "categories", id="zone", title="Zone")
    assert [each.label for each in made.classes] == ["2", "East", "West", "No data"]
    assert [made.classes[number].label for number in themes.class_numbers(made, column)] == list(column)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (-1234.5, "−1\u202f234"),
        (0.01234, "0.0123"),
        (12.34567, "12.3"),
        (-1e-15, "0.000000000000"),
        (float("nan"), "–"),
    ],
)
def test_numbers_are_written_for_readers(value, words):
    assert themes.number_words(value) == words


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([0.1782, 0.2242, 22.541, 34.001, 68.892], ["0.18", "0.22", "22.5", "34.0", "68.9"]),
        ([28.0, 188_964.0, 1_458_366.0], ["28", "188\u202f964", "1\u202f458\u202f366"]),
        ([31.2, 33.5, 39.0], ["31.2", "33.5", "39.0"]),  # no digit that the numbers do not have
        ([1.0, 3.0, 5.0], ["1", "3", "5"]),
        ([0.0312, 0.25, 0.875], ["0.031", "0.250", "0.875"]),
        ([-1.5, -0.5, 0.5, 1.5], ["−1.5", "−0.5", "0.5", "1.5"]),
        ([7.25, 7.25], ["7.25", "7.25"]),
        ([1000.0, 1000.25, 9000.0], ["1\u202f000.0", "1\u202f000.2", "9\u202f000"]),
    ],
)
def test_bounds_of_a_legend_have_no_digits_that_say_nothing(bounds, words):
    assert themes.bound_words(bounds) == words


def test_bounds_that_nobody_measured_are_round():
    bounds = [-645_971.2, -161_493.0, 161_493.0, 955_856.4]
    assert themes.bound_words(bounds, measured=False) == ["−650\u202f000", "−160\u202f000", "160\u202f000", "960\u202f000"]


def test_what_is_counted_has_no_decimals():
    assert themes.bound_words([1.2, 3.4, 9.9], whole=True) == ["1", "3", "10"]
    assert themes.bound_words([1.2, 1.4, 9.9], whole=True) == ["1.2", "1.4", "10"]


@given(st.lists(st.floats(-1e6, 1e6).map(lambda number: round(number, 6)), min_size=2, max_size=6, unique=True))
def test_different_bounds_read_differently(bounds):
    assert len(set(themes.bound_words(sorted(bounds)))) == len(bounds)


@pytest.mark.parametrize(
    ("values", "whole", "labels"),
    [
        ([0, 1, 1, 0, 0, 1], True, ["0", "1"]),
        ([0.5, 1.25, 3, 0.5, 3, 3, 3, 3], False, ["0.50", "1.25", "3.00"]),
        ([0, 1, 2, 9], True, ["0 – 1", "1 – 2", "2 – 9"]),  # more values than classes
    ],
)
def test_a_class_for_each_value_is_named_by_it(values, whole, labels):
    made = themes.theme(pd.Series(values, dtype=float, name="c"), "sequential", id="c", title="C", whole=whole, count=3)
    assert [each.label for each in made.classes] == labels


def test_full_numbers_stay_behind_the_words():
    column = pd.Series([0.1782, 0.2242, 22.541, 34.001, 48.585, 68.892], name="column")
    made = themes.theme(column, "sequential", id="column", title="Column")
    assert made.classes[0].low == 0.1782
    assert made.classes[-1].high == 68.892
