"""A small finished study with everything in it that report, tables and pictures have to cope with."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.outputs.atlas import Atlas, Comparison, Indicator, Source, Step
from spatial.outputs.themes import themes_of
from spatial.results import Result, Surface, columns_of, shown

if TYPE_CHECKING:
    import pandas as pd

HOSTILE = '<img src=x onerror="alert(1)">'


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistic(Result):
    statistic: float = shown("Moran's I")
    expected: float = shown("Expected")
    variance: float = shown("Variance")
    z: float = shown("z")
    p: float = shown("p (two-sided)")
    p_permutation: float = shown("p (permutation)")
    deviation: "pd.Series" = shown("Deviation from the mean")
    lag: "pd.Series" = shown("Spatial lag of the deviation")


@dataclass(frozen=True, kw_only=True, eq=False)
class Model(Result):
    coefficients: "pd.DataFrame" = shown("Coefficients")
    tests: "pd.DataFrame" = shown("Tests")
    test_reading: "pd.Series" = shown("Words")
    log_likelihood: float = shown("Log-likelihood")
    aic: float = shown("AIC")
    residuals: "pd.Series" = shown("Residuals", theme="diverging")
    residual_quantiles: "pd.Series" = shown("Residual quantiles")
    impacts: "pd.DataFrame" = shown("Impacts", required=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups(Result):
    cluster: "pd.Series" = shown("Group", theme="categories")
    profile: "pd.DataFrame" = shown("Profile of the groups")
    merges: "pd.DataFrame" = shown("Joinings")


@dataclass(frozen=True, kw_only=True, eq=False)
class Density(Result):
    surface: Surface = shown("Density")
    mass: float = shown("Mass", unit="persons")


def squares(count=16, crs="EPSG:32642"):
    """Unit squares of a kilometre, west to east, south to north."""
    import geopandas
    from shapely.geometry import box

    side = int(np.ceil(np.sqrt(count)))
    cells = [
        box(number % side * 1000, number // side * 1000, number % side * 1000 + 1000, number // side * 1000 + 1000)
        for number in range(count)
    ]
    random = np.random.default_rng(3)
    return geopandas.GeoDataFrame(
        {
            "name": [f"Аудан {number}" for number in range(count - 3)] + [HOSTILE, "=1+1", "50 $ & {R}_D % \\x"],
            "income": np.round(np.linspace(10, 60, count) + random.normal(size=count), 2),
            "jobs": random.integers(0, 90_000, count),
            "class": [["rural", "urban", None][number % 3] for number in range(count)],
        },
        geometry=cells,
        index=[f"p{number:02d}" for number in range(count)],
        crs=crs,
    ).rename_axis("place")


def density(places):
    from affine import Affine

    y, x = np.mgrid[0:40, 0:40]
    values = np.exp(-((x - 12.0) ** 2 + (y - 20.0) ** 2) / 120).astype(np.float32)
    values[:2] = np.nan
    return Surface(
        values=values, transform=Affine(125, 0, -500, 0, -125, 4500), crs=places.crs, unit="persons per km²", title="Persons"
    )


def steps(places):
    import pandas as pd

    index = places.index
    random = np.random.default_rng(5)
    deviation = places["income"] - places["income"].mean()
    lag = 0.6 * deviation + pd.Series(random.normal(scale=3, size=len(places)), index=index)
    coefficients = pd.DataFrame(
        {
            "estimate": [343733.063, -248.925, -0.19328],
            "std_error": [112418.825, 132.294, 0.19333],
            "statistic": [3.0576, -1.8816, -0.99975],
            "p": [0.0022, 0.0599, 0.31744],
            "low": [123396.2, -508.2, -0.5722],
            "high": [564069.9, 10.4, 0.18564],
        },
        index=pd.Index(["Intercept", "W_income", "rho"], name="term"),
    )
    tests = pd.DataFrame(
        {"statistic": [0.99272, 12.25], "df": [1, 2], "p": [0.31908, 0.00002]},
        index=pd.Index(["Likelihood ratio", "Invented test"], name="test"),
    )
    impacts = pd.DataFrame(
        [[1.5, 0.4, 3.75, 0.0002, 0.7, 2.3, -0.3, 0.2, -1.5, 0.13, -0.7, 0.1, 1.2, 0.35, 3.4, 0.0006, 0.5, 1.9]],
        columns=[
            f"{effect}{part}"
            for effect in ("direct", "indirect", "total")
            for part in ("", "_std_error", "_z", "_p", "_low", "_high")
        ],
        index=pd.Index(["income"], name="term"),
    )
    common = {"observations": len(places), "notes": ("Nothing was dropped.",)}
    moran = Statistic(
        operation="moran", options={"column": "income", "permutations": 999, "graph": {"transform": "r", "links": 48}}, **common,
        reading=("Neighbours resemble each other.", f"With {len(places)} places only strong patterns show."),
        statistic=0.6123, expected=-1 / (len(places) - 1), variance=0.01, z=4.2, p=0.00003, p_permutation=0.002, deviation=deviation, lag=lag,
    )  # fmt: skip
    model = Model(
        operation="lag_model", options={"formula": "jobs ~ income", "level": 0.95}, **common, reading=(f"No effect of {HOSTILE}.",),
        coefficients=coefficients, tests=tests,
        test_reading=pd.Series({"Likelihood ratio": "Does it fit better? Not beyond chance."}), log_likelihood=-566.333, aic=1144.7,
        residuals=pd.Series(random.normal(size=len(places)), index=index),
        residual_quantiles=pd.Series([-2.0, -0.5, 0.1, 0.4, 3.0], index=["min", "q1", "median", "q3", "max"]), impacts=impacts,
    )  # fmt: skip
    ols = replace(model, operation="ols", coefficients=coefficients.iloc[:2], impacts=None)
    names = list(index)
    merges = pd.DataFrame(
        {
            "first": names[:1]
            + [f"{names[0]}, {names[1]}, p02 and {number} more" if number else names[0] for number in range(len(names) - 2)],
            "second": names[1:],
            "height": np.sqrt(np.arange(1.0, len(names))),
        }
    )
    groups = Groups(
        operation="ward", options={"columns": ["income"], "k": 2}, **common, reading=(),
        cluster=pd.Series([str(1 + (number > 7)) for number in range(len(places))], index=index),
        profile=pd.DataFrame({"n": [8, 8], "income": [20.123, 48.2], "jobs": [40_000.5, 41_234.0]}, index=pd.Index(["1", "2"], name="cluster")),
        merges=merges,
    )  # fmt: skip
    surface = Density(
        operation="kernel_density", options={"weight": "people"}, observations=3, surface=density(places), mass=1234567.0
    )
    return (
        Step(id="moran_income", title="Moran's I of income", result=moran, graph="queen"),
        Step(id="ols", title="Linear model", result=ols),
        Step(id="lag", title=f"Spatial lag model {HOSTILE}", result=model, graph="queen"),
        Step(id="ward", title="Groups", result=groups),
        Step(id="density", title="Where people live", result=surface),
    )


def atlas(places=None, **changes):
    """Give the finished study; every part can be replaced."""
    import geopandas
    import pandas as pd

    places = squares() if places is None else places
    done = steps(places)
    indicators = (
        Indicator(column="income", title="Income per head", unit="thousand tenge"),
        Indicator(column="jobs", title="Jobs & <b>posts</b>", kind="count"),
        Indicator(column="class", title="Settlement", kind="category"),
    )
    columns = {}
    for step in done:
        columns |= columns_of(step.id, step.result, places.index)
    places = places.assign(**columns)
    points = geopandas.GeoDataFrame(
        {"people": [500.0, 90.0, 10.0], "label": ["Большой", "Mid", "Small"]},
        geometry=geopandas.points_from_xy([1000, 2500, 3500], [2000, 1000, 3500]),
        index=pd.Index(["a", "b", "c"], name="place"),
        crs=places.crs,
    )
    made = Atlas(
        name="demo", title="Income and jobs (SYNTHETIC data)", description="Invented numbers.\n\nA second paragraph.", synthetic=True,
        marks=("Outlines are schematic: right neighbours, approximate shapes.",), notes=("Read with care.",), places=places, label="name", indicators=indicators,
        titles={"income": "Income per head", "jobs": "Jobs", "moran_income_lag": "Lag"}, points={"cities": points},
        graph_options={"queen": {"kind": "contiguity", "rule": "queen", "islands": "error"}}, steps=done, themes=themes_of(places, indicators, done),
        surfaces={"density": done[-1].result.surface},
        ledger=pd.DataFrame(
            {"side": ["table", "table", "places"], "row": [2, 3, None], "key": ["p00", HOSTILE, None], "place": ["p00", None, "p09"], "status": ["joined", "no place", "no row"]}
        ),
        findings=("printed.csv, column 'x': 2 of 7 standard deviations are impossible.",),
        comparisons=(
            Comparison(
                title="Published table 1",
                table=pd.DataFrame({"label": ["rho", "AIC", "W"], "published": [-0.19328, 1144.7, None], "ours": [-0.19331, 1144.652, 3.0]}),
                source="A paper",
                note="Rounded.",
            ),
        ),
        sources=(Source(title="Regions", origin="Natural Earth", licence="Public domain", retrieved="2024-01-01", sha256="ab" * 32, notes=("Schematic.",)),),
        record={"study": "demo", "seed": 7, "versions": {"python": "3.11", "numpy": "2.4"}, "inputs": [{"name": "t.csv", "sha256": "cd" * 32}], "value": float("nan")},
    )  # fmt: skip
    return replace(made, **changes)
