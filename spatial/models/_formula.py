"""Formula text -> expressions and terms. A formula is data: formulaic parses it, this module evaluates it, nothing runs it."""

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial.errors import StudyError, complaint, nearest_name
from spatial.models._terms import MOST_TERMS, too_many_terms

if TYPE_CHECKING:
    from formulaic.parser.types import Term

Vector = NDArray[np.float64]

FUNCTIONS: dict[str, Callable[[Vector], Vector]] = {
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "abs": np.abs,
    "I": lambda values: values,
    "center": lambda values: values - np.mean(values),
    "scale": lambda values: (values - np.mean(values)) / np.std(values, ddof=1),
}
ARITHMETIC: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
GRAMMAR = (
    "A formula is 'y ~ x1 + x2' of column names (in back-quotes where they hold spaces or dots), "
    f"+ - * : ** ( ), C() for categories and {', '.join(FUNCTIONS)}"
)
LONGEST, SHOWN, HIGHEST_POWER = 10_000, 200, 4


@dataclass(frozen=True, slots=True)
class Expression:
    """One factor of a formula: a column, some arithmetic on columns, or the categories of a column."""

    text: str
    tree: ast.expr
    columns: Mapping[str, str]  # the name in the tree -> the column
    category: bool = False
    reference: str | None = None  # the category all others are compared with; None for the first


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula taken apart."""

    response: Expression
    terms: "tuple[Term, ...]"  # the right-hand side, in formulaic's order: main effects first
    expressions: Mapping[str, Expression]  # right-hand side, by the text of the factor

    def columns(self, *, category: bool) -> list[str]:
        """List the columns used as categories, or as numbers, each once."""
        everything = [self.response, *self.expressions.values()]
        return list(dict.fromkeys(name for each in everything if each.category is category for name in each.columns.values()))


def parsed(text: str) -> Parsed:
    """
    Take a formula apart and refuse whatever is more than columns, arithmetic and the known functions.

    Parameters
    ----------
    text
        For example ``CRIME ~ INC + log(HOVAL) + C(region)``.

    Returns
    -------
    Parsed
        Response, terms and the expressions they are made of.

    Raises
    ------
    StudyError
        When the text is no such formula. Nothing of it is ever run as code.
    """
    from formulaic import Formula
    from formulaic.errors import FormulaParsingError, FormulaSyntaxError

    _tokens_checked(text)
    try:
        if too_many_terms(text):
            raise _refusal(text, f"it opens into more than {MOST_TERMS:,} terms")
        formula = Formula(text)
    except (FormulaParsingError, FormulaSyntaxError, SyntaxError, ValueError, TypeError, RecursionError) as error:
        raise _refusal(text, f"it cannot be read ({str(error).splitlines()[0][:SHOWN]})") from None
    if not all(side.strip() for side in text.split("~")) or not formula.rhs:
        raise _refusal(text, "one side of '~' is empty", "For a mean without regressors write 'y ~ 1'")
    left = [factor for term in formula.lhs for factor in term.factors]
    if len(left) != 1 or len(formula.lhs) != 1:
        raise _refusal(text, "the left-hand side is not one column or one function of columns")
    expressions = {
        factor.expr: _expression(factor, text)
        for term in formula.rhs
        for factor in term.factors
        if factor.eval_method.value != "literal"
    }
    response = _expression(left[0], text)
    if response.category:
        raise _refusal(text, "the left-hand side is a category")
    return Parsed(response, tuple(formula.rhs), expressions)


def columns_of_formula(text: str) -> list[str]:
    """
    List the columns a formula names.

    Parameters
    ----------
    text
        For example ``CRIME ~ INC + log(HOVAL) + C(region)``.

    Returns
    -------
    list of str
        Numbers first, then categories, each once.

    Raises
    ------
    StudyError
        When the text is no formula.

    Examples
    --------
    >>> columns_of_formula("y ~ log(x) + `share, %` + C(region)")
    ['y', 'x', 'share, %', 'region']
    """
    found = parsed(text)
    return list(dict.fromkeys((*found.columns(category=False), *found.columns(category=True))))


def evaluated(expression: Expression, values: Mapping[str, Vector]) -> Vector:
    """
    Compute an expression from the columns.

    Parameters
    ----------
    expression
        One that is no category.
    values
        Column name to numbers, one for each place.

    Returns
    -------
    numpy.ndarray
        One number for each place; not finite where, say, the logarithm of 0 was asked for.
    """
    length = len(next(iter(values.values())))
    with np.errstate(all="ignore"):
        found = _computed(expression.tree, {name: values[column] for name, column in expression.columns.items()})
    return np.array(np.broadcast_to(found, (length,)), dtype=float)


def _computed(node: ast.expr, values: Mapping[str, Vector]) -> Any:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return np.float64(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        inner = _computed(node.operand, values)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        return ARITHMETIC[type(node.op)](_computed(node.left, values), _computed(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return FUNCTIONS[node.func.id](_computed(node.args[0], values))
    raise TypeError(f"{ast.dump(node)} was not refused")


def _tokens_checked(text: str) -> None:
    from formulaic.errors import FormulaSyntaxError
    from formulaic.parser.algos.tokenize import tokenize

    if len(text) > LONGEST:
        raise _refusal(text, f"it has {len(text):,} characters, more than {LONGEST:,}")
    try:
        tokens = [(token.kind.value if token.kind else "", token.token) for token in tokenize(text)]
    except FormulaSyntaxError as error:
        raise _refusal(text, f"it cannot be read ({str(error).splitlines()[0]})") from None
    before = ""
    for kind, token in tokens:
        _token_checked(text, kind, token, before)
        before = token
    if sum(token.count("~") for kind, token in tokens if kind == "operator") != 1:
        raise _refusal(text, "there is not exactly one '~'")


def _token_checked(text: str, kind: str, token: str, before: str) -> None:
    if kind == "operator" and not re.fullmatch(r"(\*\*|[~+\-*:^])+", token):
        raise _refusal(text, f"{token!r} is not allowed", "Arithmetic stands inside I(), such as I(x / y)")
    if kind == "context" and token not in ("(", ")"):
        raise _refusal(text, f"{token!r} is not allowed")
    if kind == "value":
        power = before.endswith(("**", "^"))
        if token not in ([str(each) for each in range(1, HIGHEST_POWER + 1)] if power else ["0", "1"]):
            raise _refusal(
                text, f"{token!r} is not allowed here", f"Powers of terms go up to {HIGHEST_POWER}; arithmetic stands inside I()"
            )


def _expression(factor: Any, text: str) -> Expression:
    if factor.eval_method.value == "lookup":
        return Expression(factor.expr, ast.Name(id="column"), {"column": factor.expr})
    quoted = re.findall(r"`([^`]*)`", factor.expr)
    code = factor.expr
    for place, name in enumerate(quoted):
        code = code.replace(f"`{name}`", f"_quoted_{place}_", 1)
    try:
        tree = ast.parse(code.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refusal(text, f"{factor.expr!r} cannot be read") from None
    # Python folds letters of one shape together (NFKC); the column keeps the letters that were written.
    written = {unicodedata.normalize("NFKC", word): word for word in re.findall(r"\w+", factor.expr)}
    names = written | {f"_quoted_{place}_": name for place, name in enumerate(quoted)}
    if not isinstance(tree, ast.Call):
        raise _refusal(text, f"{factor.expr!r} is not allowed", "Arithmetic stands inside I(), such as I(x / y)")
    category = isinstance(tree.func, ast.Name) and tree.func.id == "C"
    reference = None
    if category:
        tree, reference = _category(tree, factor.expr, text)
    _allowed(tree, factor.expr, text)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - _called(tree)
    return Expression(factor.expr, tree, {name: names[name] for name in sorted(used)}, category, reference)


def _category(call: ast.Call, expression: str, text: str) -> tuple[ast.expr, str | None]:
    extra = [*call.args[1:], *(each.value for each in call.keywords if each.arg == "reference")]
    names = {each.arg for each in call.keywords}
    right = len(call.args) in (1, 2) and isinstance(call.args[0], ast.Name) and names <= {"reference"} and len(extra) <= 1
    if not right or any(not isinstance(each, ast.Constant) or not isinstance(each.value, str | int) for each in extra):
        raise _refusal(text, f"{expression!r} is not allowed", 'Write C(region) or C(region, reference="North")')
    return call.args[0], str(extra[0].value) if extra else None  # type: ignore[attr-defined]


def _allowed(node: ast.AST, expression: str, text: str) -> None:
    """Refuse everything but names, numbers, arithmetic and calls of known functions with one argument."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in FUNCTIONS:
        raise _refusal(text, f"the function {node.func.id!r} is not known", nearest_name(node.func.id, FUNCTIONS))
    inner: list[ast.AST] | None = None
    if isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        inner = []
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = [node.operand]
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        inner = [node.left, node.right]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
        inner = [node.args[0]]
    if inner is None:
        remedy = "Put names that hold dots or spaces in back-quotes" if isinstance(node, ast.Attribute) else ""
        raise _refusal(
            text, f"{expression!r} holds more than columns, numbers, + - * / ** and one argument for each function", remedy
        )
    for each in inner:
        _allowed(each, expression, text)


def _called(tree: ast.AST) -> set[str]:
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def _refusal(text: str, what: str, *remedies: str) -> StudyError:
    shortened = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return StudyError(complaint(f"formula {shortened!r}", what, GRAMMAR, ". ".join(each for each in remedies if each)))
