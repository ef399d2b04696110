"""Untrusted text holds nothing that a terminal, a spreadsheet or a JSON reader would obey."""

import csv
import io
import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from nnpipe.system.text import PrintableFormatter, from_cell, printable, to_cell, to_json

anything = st.text(st.characters(), max_size=30)


@given(anything)
def test_printable_text_is_printable_and_can_be_written(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(c.isprintable() for c in shown.replace("\n", ""))
    shown.encode()
    assert printable(shown) == shown


def test_what_is_logged_is_printable_with_its_traceback():
    formatter = PrintableFormatter("%(message)s")
    try:
        raise ValueError("\x1b]0;title\x07")  # noqa: EM101
    except ValueError as error:
        information = type(error), error, error.__traceback__
    record = logging.LogRecord("a", 40, "b", 1, "\x1b[2J%s", ("\ud800",), information)
    text = formatter.format(record)
    assert printable(text) == text
    assert text.startswith("�[2J�\nTraceback")


@given(
    st.text(
        st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("=+-@'\"; ,"), max_size=9
    )
)
def test_a_text_comes_back_from_its_cell(text):
    table = io.StringIO(newline="")
    csv.writer(table).writerow([to_cell(text), "end"])
    read, end = next(csv.reader(io.StringIO(table.getvalue(), newline="")))
    assert (from_cell(read), end) == (text, "end")


@given(anything | st.from_regex(r"\A\s*[=+\-@\t\r].*", fullmatch=False))
def test_no_cell_begins_like_a_formula_but_a_number(text):
    cell = to_cell(text)
    assert all(c.isprintable() for c in cell)
    if cell[:1] in {"=", "+", "-", "@"}:
        float(cell)


@given(st.integers() | st.floats(allow_nan=False) | st.none())
def test_numbers_stay_numbers(value):
    assert to_cell(value) is value


@given(st.dictionaries(anything, anything | st.floats() | st.lists(anything)))
def test_json_is_valid_and_printable_ascii(value):
    text = to_json(value)
    assert text.isascii()
    assert printable(text) == text

    def refuse(name):
        raise AssertionError(name)

    assert json.loads(text, parse_constant=refuse).keys() == value.keys()
