"""How many terms a formula opens into, counted before anything is opened: a few letters can stand for millions."""

import math
from dataclasses import dataclass
from typing import Any

#: No model of this program has so many regressors.
MOST_TERMS = 1_000
_MOST_PRODUCTS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Size:
    """What is known of a part of a formula."""

    terms: int  # at most
    factors: frozenset[str]
    degree: int  # how many factors a term has at most

    def bounded(self) -> "_Size":
        """Use that no two terms have the same factors."""
        most = sum(math.comb(len(self.factors), number) for number in range(min(self.degree, len(self.factors)) + 1))
        return _Size(min(self.terms, most), self.factors, min(self.degree, len(self.factors)))


def too_many_terms(text: str) -> bool:
    """
    Tell whether a formula opens into more terms than can be used, without opening it.

    Parameters
    ----------
    text
        Such as ``y ~ a * b + (c + d)**2``.

    Returns
    -------
    bool
        True above a thousand terms, or where more than a million products would have to be compared to find them.
    """
    from formulaic.parser import DefaultFormulaParser

    try:
        _size(DefaultFormulaParser().get_ast(text))
    except OverflowError:
        return True
    return False


def _size(whole: Any) -> _Size:
    """Work from the leaves up, with a list instead of calls: a sum of a thousand columns is a thousand levels deep."""
    waiting, order = [whole], []
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += getattr(node, "args", ())
    sizes: dict[int, _Size] = {}
    for node in reversed(order):
        sizes[id(node)] = _joined(node, [sizes[id(each)] for each in node.args]) if hasattr(node, "args") else _leaf(node)
    return sizes[id(whole)]


def _leaf(node: Any) -> _Size:
    return _Size(1, frozenset([str(getattr(node, "token", node))]), 1)


def _joined(node: Any, parts: list[_Size]) -> _Size:
    symbol, counts, degrees = str(node.operator.symbol), [each.terms for each in parts], [each.degree for each in parts]
    factors = frozenset(word for each in parts for word in each.factors)
    if symbol in ("**", "^"):
        word = str(getattr(node.args[-1], "token", ""))
        power = int(word) if word.isdecimal() else 1  # what else stands there is refused elsewhere
        factors, work, degree = parts[0].factors, counts[0] ** min(power, 64), degrees[0] * power
    elif symbol in ("*", ":"):
        work, degree = math.prod(counts) + (sum(counts) if symbol == "*" else 0), sum(degrees)
    else:
        work, degree = sum(counts), max(degrees)
    found = _Size(work, factors, degree).bounded()
    if found.terms > MOST_TERMS or work > _MOST_PRODUCTS:
        raise OverflowError
    return found
