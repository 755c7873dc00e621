"""The SYNTHETIC city table is what its generator draws, and what it promises to be."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from outside import ROOT

FOLDER = ROOT / "maps" / "kazakhstan-cities"


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("make_cities_SYNTHETIC", FOLDER / "make_cities_SYNTHETIC.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cities():
    return pd.read_csv(FOLDER / "cities_SYNTHETIC.csv", index_col="key")


def test_the_generator_draws_the_table_that_is_there(generator, monkeypatch, tmp_path):
    monkeypatch.setattr(generator, "__file__", str(tmp_path / "generator.py"))
    generator.main()
    assert (tmp_path / "cities_SYNTHETIC.csv").read_bytes() == (FOLDER / "cities_SYNTHETIC.csv").read_bytes()


def test_the_errors_have_the_published_quantiles_and_spread(generator):
    drawn = generator.errors(40)
    assert np.allclose(np.quantile(drawn, [0, 0.25, 0.5, 0.75, 1]), generator.QUANTILES, rtol=1e-9)
    assert abs(drawn.mean()) < 1e-3 * generator.SIGMA
    assert drawn.std() == pytest.approx(generator.SIGMA, rel=1e-3)


def test_the_table_keeps_to_the_published_ranges(generator, cities):
    assert len(cities) == 40
    assert (cities["production"] >= 0).all()
    for name, (low, high) in generator.RANGES.items():
        assert (cities[name].min(), cities[name].max()) == (low, high)
        assert (cities[name].idxmin(), cities[name].idxmax()) == ("Baikonur", "Almaty")
        assert (cities[name] == low).sum() == (cities[name] == high).sum() == 1


def test_production_follows_from_the_spatial_lag_process(generator, cities):
    import spatial

    places = spatial.read_places("kazakhstan/cities-40", crs="EPSG:4326")
    graph = spatial.nearest(places, k=generator.NEIGHBOURS)
    labels = graph.unique_ids
    own = cities.loc[labels]
    lag = graph.sparse @ own["production"].to_numpy(float)
    mean = generator.INTERCEPT + sum(slope * own[name] for name, slope in generator.SLOPES.items())
    residuals = own["production"] - generator.RHO * lag - mean
    assert np.allclose(np.sort(residuals), generator.errors(40), atol=1.5)  # production is rounded to whole numbers


def test_the_published_tables_are_those_of_the_paper():
    from outside import shared

    printed = pd.read_csv(shared("data", "published", "seed002_table3_stats.csv"))["value"].to_list()
    coefficients = pd.read_csv(shared("data", "published", "seed002_table1_sar.csv"))
    ours = [pd.read_csv(FOLDER / f"published_table{number}.csv")["published"].to_list() for number in (1, 2, 3)]
    assert ours[0] == coefficients[["estimate", "std_error", "z", "p"]].to_numpy().ravel().tolist()
    assert sorted(ours[1] + ours[2]) == sorted(printed)


def test_everything_says_synthetic():
    study = (FOLDER / "study.toml").read_text(encoding="utf-8")
    assert "SYNTHETIC" in study.split("title = ")[1].splitlines()[0]
    assert 'table = "cities_SYNTHETIC.csv"' in study
