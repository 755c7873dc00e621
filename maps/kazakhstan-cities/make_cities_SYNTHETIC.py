"""
Draw the SYNTHETIC city table of this study.

The paper (Nurbatsin et al. 2024, doi 10.24294/jipd.v8i2.3012) prints coefficients, residual quantiles and the ranges of
its regressors for 40 cities of Kazakhstan in 2021, but no city's values. This script draws a table that could have led to
such a paper, so that the study can be run and read until the real table takes its place. Nothing in it was observed.

- Regressors lie within the published ranges, Baikonur lowest and Almaty highest; between them they follow the population
  of the city (a log-linear scale) with noise, so that they are collinear, as counts of firms are.
- Errors have the published residual quantiles and standard deviation and mean zero: they are right-skewed. Which city
  gets which error is drawn.
- Production follows from the spatial lag process y = (I - rho W)^-1 (X beta + e) with the published coefficients, where W
  links each city with its 4 nearest ones, rows summing to one (the paper does not state its weights). Draws of the order
  of the errors are mended by swaps until no city has a negative production.

Run: python make_cities_SYNTHETIC.py   (writes cities_SYNTHETIC.csv beside itself; the same bytes every time)
"""

import csv
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

import spatial

SEED = 2022
NEIGHBOURS = 4
RHO = -0.19328
INTERCEPT = 343733.063
SLOPES = {"servers": -248.925, "cloud": -194.468, "invoices": 229.249}
RANGES = {"servers": (8, 14_104), "cloud": (2, 7_211), "invoices": (15, 26_113)}
QUANTILES = (-308_936.0, -223_618.0, -145_115.0, 85_948.0, 1_058_702.0)  # minimum, quartiles, maximum
SIGMA = 339_450.0
LOWEST, HIGHEST = "Baikonur", "Almaty"


def errors(count):
    """
    Give `count` sorted numbers with the published quantiles (type 7), mean zero and the published standard deviation.

    Between two quantiles they rise along a power curve; the four exponents are what the two conditions leave to find.
    """
    ranks = np.arange(count) / (count - 1)
    knots = np.linspace(0, 1, len(QUANTILES))

    def curve(exponents):
        values = np.empty(count)
        for low, high, first, last, exponent in zip(knots, knots[1:], QUANTILES, QUANTILES[1:], np.exp(exponents), strict=False):
            inside = (ranks >= low) & (ranks <= high)
            values[inside] = first + (last - first) * ((ranks[inside] - low) / (high - low)) ** exponent
        for knot, quantile in zip(knots[1:-1], QUANTILES[1:-1], strict=True):
            below = int(np.floor(knot * (count - 1)))
            share = knot * (count - 1) - below
            gap = min(quantile - values[below], values[below + 1] - quantile)
            values[below], values[below + 1] = quantile - share * gap, quantile + (1 - share) * gap
        return values

    def misses(exponents):
        values = curve(exponents)
        return [values.mean() / SIGMA, values.std() / SIGMA - 1, *(0.003 * exponents)]

    return curve(least_squares(misses, np.zeros(4)).x)


def regressors(population, names, random):
    """Spread the counts over the cities: log-linear in the logarithm of population, with noise, inside the published ranges."""
    size = np.log(population)
    size = (size - size.min()) / (size.max() - size.min())
    drawn = {}
    shared = random.normal(0, 0.05, len(names))
    for name, (low, high) in RANGES.items():
        scale = np.clip(0.08 + 0.84 * size + shared + random.normal(0, 0.05, len(names)), 0.04, 0.96)
        values = np.round(low * (high / low) ** scale).astype(int)
        values[names.index(LOWEST)], values[names.index(HIGHEST)] = low, high
        drawn[name] = values
    return drawn


def ordered(sorted_errors, mean, spread, random):
    """Draw which city gets which error, and swap pairs until no production is negative."""
    order = random.permutation(len(mean))
    worst = np.minimum(spread @ (mean + sorted_errors[order]), 0).sum()
    while worst < 0:
        one, other = random.choice(len(mean), 2, replace=False)
        order[[one, other]] = order[[other, one]]
        now = np.minimum(spread @ (mean + sorted_errors[order]), 0).sum()
        if now < worst:
            order[[one, other]] = order[[other, one]]
        else:
            worst = now
    return sorted_errors[order]


def main():
    """Write the table."""
    places = spatial.read_places("kazakhstan/cities-40", crs="EPSG:4326").sort_index()
    graph = spatial.nearest(places, k=NEIGHBOURS, transform="r")
    weights = graph.sparse.toarray()[np.ix_(*[graph.unique_ids.get_indexer(places.index)] * 2)]
    random = np.random.default_rng(SEED)
    names = list(places["name_en"])
    counts = regressors(places["population_2023"].to_numpy(float), names, random)
    mean = INTERCEPT + sum(SLOPES[name] * counts[name] for name in SLOPES)
    spread = np.linalg.inv(np.eye(len(names)) - RHO * weights)
    drawn = ordered(errors(len(names)), mean, spread, random)
    production = np.round(spread @ (mean + drawn)).astype(int)
    with Path(__file__).with_name("cities_SYNTHETIC.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["key", "city", *SLOPES, "production"])
        writer.writerows(zip(places.index, names, *(counts[name] for name in SLOPES), production, strict=True))


if __name__ == "__main__":
    main()
