"""Numbers in sentences."""


def counted(number: int, one: str, many: str = "") -> str:
    """
    Write a number and what it counts.

    Parameters
    ----------
    number
        How many.
    one
        The word for one.
    many
        The word for any other number; empty for ``one`` with an s.

    Returns
    -------
    str
        For example ``1 pair`` or ``2 pairs``.

    Examples
    --------
    >>> counted(1, "pair"), counted(2, "geometry", "geometries")
    ('1 pair', '2 geometries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
