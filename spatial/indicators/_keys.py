"""Which place a key of a table names."""

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spatial.errors import complaint, listed

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame


def keys_of(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """
    Write keys as texts.

    Parameters
    ----------
    column
        Cells of a key column; a spreadsheet gives whole numbers as 10.0.

    Returns
    -------
    pandas.Series
        Texts without blanks around them, whole numbers without a decimal point, None where there is no key.
    """
    import pandas as pd

    return pd.Series([_key(each) for each in column], index=column.index, dtype=object)


def _key(value: Any) -> str | None:
    if value is None or value != value:  # noqa: PLR0124  (NaN)
        return None
    if isinstance(value, float | np.floating) and value == int(value):
        return str(int(value))
    return unicodedata.normalize("NFC", str(value).strip()) or None


class Matched(NamedTuple):
    place: "pd.Series[Any]"  # for each row of the table its place, None without one
    looked_up: str  # in words: the index, or which column
    findings: tuple[str, ...]
    complaints: tuple[str, ...]
    named: str = ""  # the column that calls the places what the table calls them; empty for the index


def matched_places(places: "GeoDataFrame", keys: "pd.Series[Any]", where: str, *, drop: bool) -> Matched:
    """Look all keys up in the index, or all in one other column: the one in which most are found."""
    wanted = set(keys.dropna())
    best: dict[str, Any] = {str(key): place for key, place in ((_key(place), place) for place in places.index) if key in wanted}
    if len(best) == len(wanted):
        return Matched(_looked_up(keys, best), "the names of the places", (), ())
    candidates = {"": best} | _other_columns(places, wanted)
    most = max(len(found) for found in candidates.values())
    full = [name for name, found in candidates.items() if len(found) == most]
    if full[0] == "":
        return Matched(_looked_up(keys, best), "the names of the places", (), ())
    different = [name for name in full[1:] if candidates[name] != candidates[full[0]]]
    if different and (drop or most == len(wanted)):  # otherwise the keys not found are a complaint anyway
        what = f"the keys are found in the columns {listed(full)} of the places, which lead to different places"
        return Matched(
            keys.map({}), "", (), (complaint(where, what, "Expected one way to match", "Use the names of the places as key"),)
        )
    finding = f"{where}: keys were looked up in the column '{full[0]}' of the places, in which {most} of {len(wanted)} {'is' if most == 1 else 'are'} found."
    return Matched(_looked_up(keys, candidates[full[0]]), f"'{full[0]}'", (finding,), (), full[0])


def looked_up(places: "GeoDataFrame", keys: "pd.Series[Any]") -> "pd.Series[Any]":
    """
    Look keys up among places: in the index, or in the one column in which most are found.

    Parameters
    ----------
    places
        The table of places.
    keys
        Texts.

    Returns
    -------
    pandas.Series
        The place for each key, None without one; named after the column the keys were found in, "" for the index.
    """
    matched = matched_places(places, keys, "", drop=True)
    return matched.place.rename(matched.named)


def _looked_up(keys: "pd.Series[Any]", found: dict[str, Any]) -> "pd.Series[Any]":
    import pandas as pd

    return pd.Series([found.get(key) for key in keys], index=keys.index, dtype=object)


def _other_columns(places: "GeoDataFrame", wanted: set[str]) -> dict[str, dict[str, Any]]:
    """
    Find, for each column, which wanted key leads to which place.

    A cell may hold several names of its place, with semicolons between them. A key that leads to several places leads
    nowhere; a column in which that is so of more than one key in ten does not name places.
    """
    import pandas as pd

    found = {}
    for name in places.columns:
        if name == places.geometry.name or pd.api.types.is_float_dtype(places[name]):
            continue
        texts = keys_of(places[name]).str.split(";").explode().str.strip()
        texts = texts[texts.isin(wanted)]
        single = texts[~texts.duplicated(keep=False)]
        if len(single) and 10 * (texts.nunique() - len(single)) <= texts.nunique():
            found[str(name)] = dict(zip(single, single.index, strict=True))
    return found
