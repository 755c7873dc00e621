"""A table for a paper written in LaTeX: booktabs, numbers flush right, no stars."""

import re

from spatial.errors import counted
from spatial.outputs._collected import Table, single_values
from spatial.outputs._printed import Printed, printed
from spatial.outputs.words import cleaned, fixed, value_words

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    "|": r"\textbar{}",
    "[": "{[}",  # behind the end of a row or a rule they would be taken for an option
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "∞": r"$\infty$",
    "ρ": r"$\rho$",
    "λ": r"$\lambda$",
    "σ": r"$\sigma$",
    "β": r"$\beta$",
    "²": r"\textsuperscript{2}",
    "\u202f": r"\,",
    "\xa0": "~",
    "–": "--",
    "—": "---",
    "’": "'",
}
_POWER = re.compile("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def latex(table: Table) -> str:
    r"""
    Write a table as a LaTeX ``table`` environment.

    Parameters
    ----------
    table
        As it was computed.

    Returns
    -------
    str
        Ready for ``\input``; the preamble needs ``\usepackage{booktabs}``, and an engine or encoding that knows the
        letters of the names (XeLaTeX or LuaLaTeX for Cyrillic).
    """
    made = printed(table)
    coefficients = "SE" in made.headings and "Estimate" in made.headings
    made = _for_paper(made) if coefficients else made
    columns = "".join("r" if numeric else "l" for numeric in made.numeric)
    lines = ["% needs \\usepackage{booktabs}", "\\begin{table}[htbp]", "  \\centering"]
    title = made.title if table.step is None else f"{table.step.title}: {made.title}"
    lines += [f"  \\caption{{{escaped(title)}}}", f"  \\label{{tab:{made.name}}}"]
    lines += [f"  \\begin{{tabular}}{{{columns}}}", "    \\toprule"]
    headings = [
        f"\\multicolumn{{1}}{{c}}{{{escaped(each)}}}" if right else escaped(each)
        for each, right in zip(made.headings, made.numeric, strict=True)
    ]
    lines += [f"    {' & '.join(headings)} \\\\", "    \\midrule"]
    for number, row in enumerate(made.rows):
        if number in made.breaks:
            lines.append("    \\addlinespace")
        lines.append(f"    {' & '.join(escaped(cell) for cell in row)} \\\\")
    if table.kind == "coefficients":
        lines += ["    \\midrule", *_fit_lines(table, len(made.headings))]
    lines += ["    \\bottomrule", "  \\end{tabular}"]
    notes = [
        *made.notes,
        *([f"{counted(made.left_out, 'further row is', 'further rows are')} in the CSV file."] if made.left_out else []),
    ]
    lines += [f"  \\par\\smallskip\\footnotesize {escaped(note)}" for note in notes]
    return "\n".join([*lines, "\\end{table}", ""])


def escaped(text: str) -> str:
    r"""
    Make a text plain to LaTeX.

    Parameters
    ----------
    text
        Anything that came from data.

    Returns
    -------
    str
        On one line, with every character that LaTeX takes for a command written out.

    Examples
    --------
    >>> escaped("50 % of R&D_total")
    '50 \\% of R\\&D\\_total'
    """
    text = cleaned(text)  # a blank line would end a caption
    parts, rest = [], 0
    for power in _POWER.finditer(text):
        parts += [_plain(text[rest : power.start()]), f"$10^{{{power.group(1).translate(_DIGITS)}}}$"]
        rest = power.end()
    return "".join([*parts, _plain(text[rest:])])


def _plain(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _for_paper(made: Printed) -> Printed:
    """Estimate, standard error in parentheses, p: what a paper prints."""
    keep = [
        number
        for number, heading in enumerate(made.headings)
        if not made.numeric[number] or heading in ("Estimate", "SE", "p", "p (wild)")
    ]
    error = made.headings.index("SE")
    rows = tuple(tuple(f"({row[number]})" if number == error else row[number] for number in keep) for row in made.rows)
    return Printed(
        name=made.name,
        title=made.title,
        headings=tuple("(SE)" if number == error else made.headings[number] for number in keep),
        numeric=tuple(made.numeric[number] for number in keep),
        rows=rows,
        breaks=made.breaks,
        left_out=made.left_out,
        notes=made.notes,
    )


def _fit_lines(table: Table, width: int) -> list[str]:
    """Observations and the figures of fit under the coefficients."""
    if table.step is None:
        return []
    figures = [("n", "Observations", table.step.result.observations, ""), *single_values(table.step.result)]
    lines = []
    for name, title, value, unit in figures:
        if isinstance(value, bool | str):
            continue
        number = fixed(float(value), 2) if re.match(r"log_likelihood|aic|bic", name) else value_words(value)
        words = escaped(f"{title} ({unit})" if unit else title)
        lines.append(f"    {words} & \\multicolumn{{{width - 1}}}{{r}}{{{escaped(number)}}} \\\\")
    return lines
