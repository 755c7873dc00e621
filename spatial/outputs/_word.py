"""All printable tables in one Word document, the same bytes each time."""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from spatial.errors import counted
from spatial.outputs._printed import Printed
from spatial.outputs.atlas import Atlas
from spatial.outputs.words import cleaned

# No dates in outputs: the earliest a zip archive can hold stands for none.
_NO_DATE = datetime(1980, 1, 1, tzinfo=UTC)
_WIDE = 7


def word_document(atlas: Atlas, tables: Sequence[Printed]) -> bytes:
    """
    Write tables as a Word document.

    Parameters
    ----------
    atlas
        The finished study: its title and notes.
    tables
        What is printed, in this order.

    Returns
    -------
    bytes
        A ``.docx`` file: three horizontal lines to a table, numbers flush right, captions above.
    """
    import docx
    from docx.shared import Mm, Pt

    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(10)
    style.paragraph_format.space_after = Pt(4)
    heading = document.add_paragraph()
    run = heading.add_run(cleaned(atlas.title))
    run.bold, run.font.size = True, Pt(14)
    for note in (*atlas.marks, *atlas.notes):
        document.add_paragraph().add_run(cleaned(note)).italic = True
    for number, table in enumerate(tables, start=1):
        _caption(document, number, table)
        _table(document, table)
        for note in (
            *table.notes,
            *([f"{counted(table.left_out, 'further row is', 'further rows are')} in {table.name}.csv."] if table.left_out else []),
        ):
            document.add_paragraph().add_run(note).font.size = Pt(8)
    core = document.core_properties
    core.title, core.author, core.last_modified_by, core.comments = cleaned(atlas.title)[:255], "", "", ""
    core.created = core.modified = _NO_DATE
    core.revision = 1
    buffer = io.BytesIO()
    document.save(buffer)
    return dateless(buffer.getvalue())


def dateless(archive: bytes) -> bytes:
    """
    Pack a zip archive again without the dates of its files.

    Parameters
    ----------
    archive
        Any zip archive.

    Returns
    -------
    bytes
        The same files in the same order.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            fresh = zipfile.ZipInfo(entry.filename, date_time=_NO_DATE.timetuple()[:6])
            fresh.compress_type, fresh.external_attr, fresh.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            target.writestr(fresh, source.read(entry))
    return buffer.getvalue()


def _caption(document: Any, number: int, table: Printed) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_before = Pt(14)
    paragraph.paragraph_format.keep_with_next = True
    paragraph.add_run(f"Table {number}. ").bold = True
    paragraph.add_run(cleaned(table.title))


def _table(document: Any, table: Printed) -> None:
    from docx.shared import Pt

    size = Pt(9) if len(table.headings) <= _WIDE else Pt(7.5)
    grid = document.add_table(rows=len(table.rows) + 1, cols=len(table.headings))
    grid.autofit = True
    for number, (row, texts) in enumerate(zip(grid.rows, (table.headings, *table.rows), strict=True)):
        for cell, text, right in zip(row.cells, texts, table.numeric, strict=True):
            _fill(cell.paragraphs[0], text, size, right=right, bold=number == 0)
    _line(grid.rows[0], "top", 8)
    _line(grid.rows[0], "bottom", 4)
    for number in table.breaks:
        _line(grid.rows[number + 1], "top", 2)
    _line(grid.rows[-1], "bottom", 8)
    _repeated(grid.rows[0])


def _fill(paragraph: Any, text: str, size: Any, *, right: bool, bold: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph.paragraph_format.space_after = Pt(1)
    paragraph.paragraph_format.space_before = Pt(1)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(cleaned(text))
    run.font.size, run.bold = size, bold


def _line(row: Any, edge: str, eighths: int) -> None:
    """Draw one horizontal line along a row, in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in row.cells:
        properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001  (python-docx has no borders of its own)
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        line = OxmlElement(f"w:{edge}")
        for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)


def _repeated(row: Any) -> None:
    """Let the headings stand again on the next page."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001  (likewise)
