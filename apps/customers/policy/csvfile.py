"""Reading a CSV file whatever its encoding and delimiter: lines with their numbers, or a sentence that
says what is wrong with it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

DELIMITERS = ",;\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PROBE = 64 * 1024  # characters looked at to find the delimiter


class UnreadableFile(ValueError):
    """The message says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record: ``number`` as an editor shows it (the header is 1). ``problem`` is set where it cannot
    be used."""

    number: int
    cells: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CsvText:
    text: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]

    def lines(self) -> Iterator[Line]:
        """All records after the header; empty lines are passed over."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        next(reader)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, (), f"not readable as CSV: {error}")
                continue
            if not any(cell.strip() for cell in cells):
                continue
            problem = ""
            if len(cells) != len(self.columns):
                problem = f"{len(cells)} cells where the header has {len(self.columns)} columns"
            yield Line(number, tuple(cells), problem)


def open_csv(data: bytes, encoding: str = "") -> CsvText:
    """``encoding`` empty: found out (UTF-8, UTF-16, else Windows-1252, which contains Latin-1). Raises
    UnreadableFile."""
    encoding = encoding or _guess(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(_where(data, encoding, error)) from None
    except LookupError:
        raise UnreadableFile(f"{encoding!r} is no encoding; try utf-8, utf-16 or latin-1") from None
    text = text.removeprefix("\ufeff")
    if not text.strip("\0 \t\r\n"):
        raise UnreadableFile("The file is empty; its first line must name the columns")
    try:
        delimiter = _delimiter(text[:_PROBE])
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UnreadableFile(f"The first line is not readable as CSV: {error}") from None
    columns = tuple(cell.strip() for cell in header)
    if not any(columns):
        raise UnreadableFile("The first line is empty; it must name the columns")
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise UnreadableFile(f"The header names {', '.join(sorted(twice))} twice; rename one of them")
    return CsvText(text, encoding, delimiter, columns)


def _guess(data: bytes) -> str:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    sample = data[:4096]
    if sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le"
    if sample[0::2].count(0) > len(sample) // 4:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _where(data: bytes, encoding: str, error: UnicodeDecodeError) -> str:
    """Line and column of the first byte that does not fit, as one would look it up in the file."""
    before = data[: error.start].decode(encoding, errors="replace")
    line = before.count("\n") + 1
    delimiter = _delimiter(before[:_PROBE] or ",")
    header = before.split("\n", 1)[0].strip("\ufeff\r").split(delimiter)
    cell = before.rsplit("\n", 1)[-1].count(delimiter)
    name = f" ({header[cell].strip()})" if line > 1 and cell < len(header) else ""
    byte = f"0x{data[error.start]:02X}"
    return (
        f"Line {line}, column {cell + 1}{name}: byte {byte} is not {encoding}. Save the file as "
        "UTF-8, or name its encoding (utf-16, latin-1)"
    )


def _delimiter(text: str) -> str:
    """The one that splits the header into most columns."""
    header = (text.splitlines() or [""])[0]
    return max(
        DELIMITERS, key=lambda mark: (len(next(csv.reader([header], delimiter=mark), [])), mark == ",")
    )
