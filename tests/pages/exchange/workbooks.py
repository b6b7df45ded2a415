"""Makes the files that tests read: workbooks from XML, so that they can be as odd as files in the wild."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

from pages.exchange.sheets import read_file

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
URN = "urn:oasis:names:tc:opendocument:xmlns:"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{URN}{name}:1.0"'
    for prefix, name in {
        "office": "office", "table": "table", "text": "text", "style": "style", "number": "datastyle",
        "config": "config",
    }.items()
) + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'  # fmt: skip


def read(content, sheet=None):
    """Return the Sheet that `read_file` reads from a file with the bytes `content`."""
    return read_file(SimpleUploadedFile("fil", content), sheet)


def texts_of(sheet):
    return [[cell.text for cell in row.cells] for row in sheet.rows]


def archive_of(parts, compression=zipfile.ZIP_DEFLATED):
    """Return a zip archive, as bytes, of `parts`: `{path: content}`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for path, content in parts.items():
            archive.writestr(path, content)
    return file.getvalue()


def relations(**targets):
    return f'<Relationships xmlns="{PACKAGE}">' + "".join(
        f'<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for id, (kind, target) in targets.items()
    ) + "</Relationships>"  # fmt: skip


def excel_parts(rows="", *, before="", after="", shared="", styles="", book="", names=("Blad1",)):
    """Return the parts of an .xlsx whose first sheet has the XML `rows`.

    `before` and `after` are the XML around `sheetData`, `shared` that of the shared strings, `styles` and
    `book` that of the style sheet and of the workbook. `names` are names of sheets, or their XML attributes.
    """
    tabs = [name if "=" in name else f'name="{name}"' for name in names]
    paths = {
        f"s{number}": ("worksheet", f"worksheets/sheet{number}.xml")
        for number in range(1, len(tabs) + 1)
    }
    sheets = "".join(
        f'<sheet {tab} sheetId="{number}" r:id="s{number}"/>' for number, tab in enumerate(tabs, 1)
    )
    parts = {
        "_rels/.rels": relations(a=("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{book}<sheets>{sheets}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(
            **paths,
            strings=("sharedStrings", "/xl/sharedStrings.xml"),
            styles=("styles", "styles.xml"),
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }
    for number in range(1, len(tabs) + 1):
        data = rows if number == 1 else f'<row><c t="str"><v>Blad {number}</v></c></row>'
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData>{after}</worksheet>'
        )
    return parts


def excel(rows="", **options):
    """Return an .xlsx as bytes; the arguments are those of `excel_parts`."""
    return archive_of(excel_parts(rows, **options))


def styles_of(*codes):
    """Return the XML of a style sheet whose styles have the number formats `codes`, in order."""
    formats = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for number, code in enumerate(codes, start=164)
    )
    cells = "".join(f'<xf numFmtId="{164 + index}"/>' for index in range(len(codes)))
    others = '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
    return f"<numFmts>{formats}</numFmts>{others}<cellXfs>{cells}</cellXfs>"


def opendocument_parts(tables, *, styles="", settings=""):
    """Return the parts of an .ods whose tables have the XML `tables`."""
    return {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": (
            f"<office:document-content {NAMESPACES}>"
            f"<office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
            "</office:document-content>"
        ),
        "settings.xml": f"<office:document-settings {NAMESPACES}>{settings}</office:document-settings>",
    }


def opendocument(tables, **options):
    """Return an .ods as bytes; the arguments are those of `opendocument_parts`."""
    return archive_of(opendocument_parts(tables, **options))
