"""Numbers, names and options as a reader meets them in report, tables and pictures."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spatial.outputs.themes import number_words

#: What stands where there is no number.
NONE = "–"
#: A number below this share of the largest beside it is of another order; below the second, a rounding error.
OTHER_ORDER, ROUNDING = 1e-4, 1e-12
_GREEK = {"rho": "ρ", "lambda": "λ", "sigma2": "σ²", "sigma": "σ", "beta": "β"}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# XML 1.0 knows none of the first, and neither does any reader; the others turn the direction of all that follows.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")

_HEADINGS = {
    "adjusted_r2": "Adjusted R²",
    "aic": "AIC",
    "aic_difference": "ΔAIC",
    "aic_ols": "AIC without space",
    "aic_weight": "AIC weight",
    "bic": "BIC",
    "bic_difference": "ΔBIC",
    "bic_weight": "BIC weight",
    "calinski_harabasz": "Calinski-Harabasz",
    "df": "df",
    "direct": "Direct",
    "estimate": "Estimate",
    "expected": "Expected",
    "high": "Upper",
    "indirect": "Indirect",
    "k": "k",
    "log_likelihood": "Log-likelihood",
    "low": "Lower",
    "max": "Maximum",
    "median": "Median",
    "min": "Minimum",
    "n": "n",
    "observations": "n",
    "p": "p",
    "p_bootstrap": "p bootstrap",
    "p_adjusted": "p adjusted",
    "p_permutation": "p permutation",
    "p_wild": "p (wild)",
    "low_wild": "Lower (wild)",
    "high_wild": "Upper (wild)",
    "pseudo_r2": "Pseudo R²",
    "q1": "Lower quartile",
    "q3": "Upper quartile",
    "r2": "R²",
    "sd": "SD",
    "cv": "CV",
    "sha256": "SHA-256",
    "sigma2": "σ²",
    "statistic": "Statistic",
    "std_error": "SE",
    "total": "Total",
    "variance": "Variance",
    "vif": "VIF",
    "z": "z",
}


def is_missing(value: Any) -> bool:
    """
    Tell a missing value from everything else.

    Parameters
    ----------
    value
        Anything a table can hold.

    Returns
    -------
    bool
        True for None, NaN, and what pandas writes as ``<NA>`` or ``NaT``.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing(""), is_missing([])
    (True, False, False)
    """
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def cleaned(text: object) -> str:
    r"""
    Take out of a text what no document may hold.

    Parameters
    ----------
    text
        Anything that came from data.

    Returns
    -------
    str
        Without control characters and marks that turn the direction of writing; line breaks and tabs are spaces.

    Examples
    --------
    >>> cleaned("North\x00\nEast")
    'North East'
    """
    return _CONTROL.sub("", re.sub(r"[\t\n\r\u2028\u2029]", " ", str(text)))


def p_words(p: float) -> str:
    """
    Write a p-value the way journals do.

    Parameters
    ----------
    p
        From 0 to 1.

    Returns
    -------
    str
        Three decimals, "<0.001" below that.

    Examples
    --------
    >>> p_words(0.0004)
    '<0.001'
    """
    if p is None or not math.isfinite(p):
        return NONE
    return "<0.001" if p < 0.0005 else f"{p:.3f}"  # what would round to nothing


def fixed(value: float, decimals: int) -> str:
    """
    Write a number with so many decimals, thousands set off by a narrow space, with a true minus sign.

    Parameters
    ----------
    value
        The number.
    decimals
        How many digits stand behind the point.

    Returns
    -------
    str
        A dash for a missing value, "∞" for an infinite one.

    Examples
    --------
    >>> fixed(-0.0004, 3)
    '0.000'
    """
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    words = f"{abs(value):,.{decimals}f}".replace(",", "\u202f")
    return f"−{words}" if value < 0 and words.strip("0.\u202f") else words


def scientific(value: float, digits: int = 3) -> str:
    """
    Write a very large or very small number with a power of ten.

    Parameters
    ----------
    value
        The number.
    digits
        How many significant digits it shows.

    Returns
    -------
    str
        Such as "1.23 × 10⁻⁹".

    Examples
    --------
    >>> scientific(1.234e-9)
    '1.23 × 10⁻⁹'
    """
    if value == 0 or not math.isfinite(value):
        return fixed(value, 0)
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return f"{'−' if value < 0 else ''}{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def decimals_for(values: Any, significant: int = 3) -> int | None:
    """
    Choose how many decimals a line of numbers of the same kind needs.

    Parameters
    ----------
    values
        The numbers.
    significant
        How many significant digits the middle one of them shows.

    Returns
    -------
    int or None
        From 0 to 8; None where only a power of ten would do.
    """
    array = np.asarray(values, dtype=float)
    sizes = np.abs(array[np.isfinite(array) & (array != 0)])
    if not len(sizes) or (sizes == np.round(sizes)).all():
        return 0 if not len(sizes) or sizes.max() < 1e15 else None  # doubles are whole beyond
    middle = float(np.median(sizes))
    needed = significant - 1 - math.floor(math.log10(middle))
    return None if needed > 8 or middle >= 1e12 else max(0, needed)  # longer is unreadable


def line_words(values: Sequence[float], decimals: int | None) -> list[str]:
    """
    Write a line of numbers alike.

    Parameters
    ----------
    values
        The numbers.
    decimals
        What `decimals_for` gave.

    Returns
    -------
    list of str
        One text for each.
    """
    return [scientific(value) if decimals is None else fixed(value, decimals) for value in values]


def column_words(values: Sequence[float]) -> list[str]:
    """
    Write a column of a table with the decimals that suit it.

    Parameters
    ----------
    values
        The numbers.

    Returns
    -------
    list of str
        One text for each. A number that these decimals would show as 0 gets a power of ten where it is of another order, such
        as one variance among others; a mere rounding error stays 0.

    Examples
    --------
    >>> column_words([0.00869, 0.00938, 5.069e-7])
    ['0.00869', '0.00938', '5.07 × 10⁻⁷']
    """
    decimals = decimals_for(values)
    if decimals is None:
        return line_words(values, decimals)
    sizes = np.abs(np.asarray(values, dtype=float))
    largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
    hidden = (sizes < 0.5 * 10.0**-decimals) & (sizes < OTHER_ORDER * largest) & (sizes > ROUNDING * largest)
    return [scientific(value) if apart else fixed(value, decimals) for value, apart in zip(values, hidden, strict=True)]


def value_words(value: Any) -> str:  # noqa: PLR0911  (one line for each kind of value)
    """
    Write one value of any kind for a reader.

    Parameters
    ----------
    value
        A number, a text, a truth, a list or nothing.

    Returns
    -------
    str
        Four significant digits for a number.

    Examples
    --------
    >>> value_words([True, None, 13, 0.61154])
    'yes, none, 13, 0.6115'
    """
    if value is None:
        return "none"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return fixed(int(value), 0)
    if isinstance(value, float | np.floating):
        decimals = decimals_for([value], 4)
        written = repr(float(value)).partition(".")[2]  # 0.05 is no 0.05000
        return (
            scientific(float(value), 4)
            if decimals is None
            else fixed(float(value), min(decimals, len(written)) if "e" not in written else decimals)
        )
    if isinstance(value, Mapping):
        return "; ".join(f"{heading_words(key)}: {value_words(each)}" for key, each in value.items()) or "none"
    if isinstance(value, tuple | list | np.ndarray):
        return ", ".join(value_words(each) for each in value) or "none"
    return NONE if is_missing(value) else cleaned(value)


def term_words(term: object) -> str:
    """
    Write a term of a model: Greek letters for the spatial parameters, W· for a lagged variable.

    Parameters
    ----------
    term
        The name of a row of a table of coefficients.

    Returns
    -------
    str
        For a reader.

    Examples
    --------
    >>> [term_words(each) for each in ("rho", "W_INC", "Intercept")]
    ['ρ', 'W·INC', 'Intercept']
    """
    text = cleaned(term)
    if text in _GREEK:
        return _GREEK[text]
    return f"W·{text[2:]}" if text.startswith("W_") and len(text) > 2 else text  # the prefix


def lowered(words: str) -> str:
    """
    Let a title follow a colon.

    Parameters
    ----------
    words
        The title.

    Returns
    -------
    str
        With a small first letter, unless it begins with a name or an abbreviation.

    Examples
    --------
    >>> lowered("Places by number of neighbours"), lowered("Moran's I by lag")
    ('places by number of neighbours', "Moran's I by lag")
    """
    first = words.partition(" ")[0]
    return words if "'" in first or not first[1:].islower() else f"{words[:1].lower()}{words[1:]}"


def heading_words(name: object) -> str:
    """
    Write the heading of a column.

    Parameters
    ----------
    name
        The name the column has in a result.

    Returns
    -------
    str
        For a reader.

    Examples
    --------
    >>> heading_words("std_error"), heading_words("share_within")
    ('SE', 'Share within')
    """
    text = cleaned(name)
    if text in _HEADINGS:
        return _HEADINGS[text]
    if re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", text):
        return text.replace("_", " ").capitalize()
    return text


__all__ = [
    "NONE",
    "cleaned",
    "decimals_for",
    "fixed",
    "heading_words",
    "is_missing",
    "line_words",
    "number_words",
    "p_words",
    "scientific",
    "term_words",
    "value_words",
]
