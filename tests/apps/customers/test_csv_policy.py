import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.customers.policy.csvfile import UnreadableFile, open_csv

TEXT = "id,name\n1,Zoë\n2,Łukasz\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_the_encoding_is_found_out(data: bytes, encoding: str) -> None:
    file = open_csv(data)
    assert file.encoding == encoding
    assert file.columns == ("id", "name")
    assert [line.cells for line in file.lines()] == [("1", "Zoë"), ("2", "Łukasz")]


def test_latin_1_is_found_out() -> None:
    file = open_csv("id,name\n1,Zoë Müller\n".encode("latin-1"))
    assert [line.cells[1] for line in file.lines()] == ["Zoë Müller"]


def test_a_wrong_encoding_says_line_column_byte_and_what_to_do() -> None:
    with pytest.raises(UnreadableFile) as refused:
        open_csv("id,name\n1,Ann\n2,Zoë\n".encode("latin-1"), "utf-8")
    sentence = str(refused.value)
    assert "Line 3, column 2 (name): byte 0xEB is not utf-8" in sentence
    assert "Save the file as UTF-8" in sentence


def test_bytes_that_no_encoding_explains_are_refused() -> None:
    with pytest.raises(UnreadableFile, match="byte 0x81"):
        open_csv(b"id,name\n1,\x81\xeb\n")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="no encoding"):
        open_csv(b"id\n1\n", "utf-99")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(mark: str) -> None:
    file = open_csv(f"id{mark}name{mark}note\n1{mark}Ann{mark}x\n".encode())
    assert file.delimiter == mark
    assert next(file.lines()).cells == ("1", "Ann", "x")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"   ", b"\xef\xbb\xbf", b"\0\0\0\0"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        open_csv(data)


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="id twice"):
        open_csv(b"id,name,id\n1,2,3\n")


def test_lines_have_the_numbers_an_editor_shows() -> None:
    file = open_csv(b'id,name\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n3\r\n4,a,b\r\n5,y\r\n')
    lines = list(file.lines())
    assert [line.number for line in lines] == [2, 5, 6, 7, 8]
    assert lines[0].cells == ("1", "two\r\nlines")
    assert lines[2].problem == "1 cells where the header has 2 columns"
    assert lines[3].problem == "3 cells where the header has 2 columns"
    assert [line.problem for line in (lines[0], lines[1], lines[4])] == ["", "", ""]


@example(b'"id')
@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-16"))))
def test_whatever_the_bytes_a_file_is_read_or_refused(data: bytes) -> None:
    try:
        file = open_csv(data)
    except UnreadableFile:
        return
    assert all(line.problem or len(line.cells) == len(file.columns) for line in file.lines())
