"""Regions that must hold enough of something: of what, and where that is the same everywhere."""

import pytest

import spatial
from spatial.errors import DataError, ModelError

REGIONS = [("max_p", {"minimum": 2}), ("skater", {"minimum": 2, "k": 3})]


def strip(**columns):
    """Make eight places in a row."""
    import geopandas
    from shapely import box

    shapes = [box(number, 0, number + 1, 1) for number in range(8)]
    return geopandas.GeoDataFrame(columns, geometry=shapes, index=list("abcdefgh"), crs="EPSG:32642").rename_axis("place")


@pytest.mark.parametrize(("name", "options"), REGIONS)
def test_a_size_that_is_the_same_everywhere_counts_places(name, options):
    function = getattr(spatial, name)
    places = strip(value=[1, 2, 9, 8, 1, 2, 9, 4], people=[1] * 8)
    plain = function(places, spatial.contiguity(places), columns=["value"], **options)
    sized = function(places, spatial.contiguity(places), columns=["value"], size="people", **options)
    assert sized.cluster.tolist() == plain.cluster.tolist()
    places = places.set_axis(range(8))
    assert function(places, spatial.contiguity(places), columns=["value"], size="people", **options).groups == plain.groups
    places["people"] = 0
    with pytest.raises(ModelError, match=r"with 2 of 'people' all places|leaves 2 of 'people' on either side"):
        function(places, spatial.contiguity(places), columns=["value"], size="people", **options)


@pytest.mark.parametrize(("name", "options"), REGIONS)
def test_indicators_must_differ_among_the_places_that_have_a_size(name, options):
    places = strip(value=[3, 3, 3, 3, 3, 3, 3, 4], people=[1, 1, 1, 1, 1, 1, 1, None])
    graph = spatial.contiguity(places)
    with pytest.raises(ModelError, match="column 'value': all 7 values are 3"):
        getattr(spatial, name)(places, graph, columns=["value"], size="people", missing="drop", **options)
    with pytest.raises(DataError, match="column 'people': 1 of 8 places has no value: 'h'"):
        getattr(spatial, name)(places, graph, columns=["value"], size="people", **options)
