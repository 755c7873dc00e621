"""The catalogue with every option, as plain values: what the QGIS plugin and other shells are built from."""

from typing import Any

from spatial.operations import OPERATIONS
from spatial.options import Option, data_parameters, declared, sentences

SCHEMA = 1


def manifest() -> dict[str, Any]:
    """
    Describe every operation.

    Returns
    -------
    dict
        ``schema`` and ``operations``, in the order of the catalogue: name, room, title, summary, the data it takes and its
        options as the signature declares them.
    """
    described = []
    for row in OPERATIONS:
        function = row.function()
        help_texts = sentences(function)
        described.append(
            {
                "name": row.name,
                "room": row.room,
                "title": row.title,
                "summary": row.summary,
                "data": [{"name": name, "help": help_texts.get(name, "")} for name in data_parameters(function)],
                "options": [_option(each) for each in declared(function)],
            }
        )
    return {"schema": SCHEMA, "operations": described}


def _option(option: Option) -> dict[str, Any]:
    described = {
        "name": option.name,
        "kind": option.kind,
        "required": option.required,
        "default": option.default,
        "help": option.help,
    }
    if option.kind == "formula":  # a shell may ask for a field and a list of fields instead
        described["parts"] = [{"name": "response", "kind": "column"}, {"name": "regressors", "kind": "columns"}]
    if option.choices:
        described["choices"] = list(option.choices)
    if option.low is not None:
        described |= {"low": option.low, "high": option.high}
    return described
