"""Random streams: what they depend on, and what they do not."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.system.seeding import named_stream, row_streams

seeds = st.integers(0, 2**70)
words = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=8)
rows = st.integers(0, 2**64 - 20)


def numbers(stream):
    return stream.bit_generator.random_raw(4).tolist()


def drawn(seed, role, start, stop):
    return [numbers(stream) for stream in row_streams(seed, role, start, stop)]


@given(seeds, words, words)
def test_a_stream_is_the_same_whenever_it_is_asked_for(seed, role, name):
    assert numbers(named_stream(seed, role, name)) == numbers(named_stream(seed, role, name))


@given(st.lists(st.tuples(seeds, words, words), min_size=2, max_size=20, unique=True))
def test_streams_differ_by_seed_role_and_name(keys):
    assert len({tuple(numbers(named_stream(*key))) for key in keys}) == len(keys)


def test_a_name_and_the_same_name_with_an_end_of_zeros_differ():
    streams = [named_stream(0, "parameters", name) for name in ("", "\0", "\0\0")]
    assert len({tuple(numbers(stream)) for stream in streams}) == 3


# Written down once: a run of today is to be repeated by every later version.
def test_the_numbers_of_a_seed_stay_what_they_are():
    assert numbers(named_stream(0, "parameters", "hidden1")) == [
        0x24FD7AD0718C7CE8,
        0xB2E8DF4CFA7712D1,
        0xA216A6F046DE9519,
        0xBE14A15C221B0A66,
    ]
    (row,) = drawn(0, "input", 7, 8)
    assert row == [
        0xD889B6379928ECCF,
        0x35B9C158DF75951A,
        0x17C1EF85685E085D,
        0x2F68A21A2B3AC6EB,
    ]


@given(seeds, words, rows, st.integers(0, 12), st.data())
def test_a_row_is_the_same_however_the_range_is_cut(seed, role, start, count, data):
    cuts = data.draw(st.lists(st.integers(start, start + count), max_size=4).map(sorted))
    edges = [start, *cuts, start + count]
    whole = drawn(seed, role, start, start + count)
    parts = [drawn(seed, role, a, b) for a, b in itertools.pairwise(edges)]
    assert [row for part in parts for row in part] == whole
    assert len({tuple(row) for row in whole}) == count


@given(rows, st.lists(st.integers(0, 9), min_size=3, max_size=3))
def test_a_row_does_not_depend_on_what_was_drawn_from_the_rows_before(start, counts):
    untouched = drawn(0, "input", start, start + 3)
    streams = row_streams(0, "input", start, start + 3)
    for stream, count, row in zip(streams, counts, untouched, strict=True):
        assert numbers(stream) == row
        stream.random(count, np.float32)  # half a word of the generator may be left over


@given(seeds, rows)
def test_a_row_is_the_third_word_of_the_philox_counter(seed, row):
    def of(counter):
        key = np.random.SeedSequence(seed, spawn_key=tuple(b"input\0")).generate_state(2, "u8")
        return np.random.Philox(key=key, counter=counter).random_raw(4).tolist()

    assert drawn(seed, "input", row, row + 1) == [of(row << 128)]


def test_rows_beyond_32_bits_are_rows_of_their_own():
    near = drawn(0, "input", 5, 6)
    far = drawn(0, "input", 2**32 + 5, 2**32 + 6) + drawn(0, "input", 2**63 + 5, 2**63 + 6)
    assert len({tuple(row) for row in near + far}) == 3
    assert drawn(0, "input", 2**32 - 2, 2**32 + 6)[-1] == far[0]


def test_rows_differ_by_seed_and_role():
    keys = [(0, "input"), (1, "input"), (0, "labels"), (2**64, "input")]
    assert len({tuple(drawn(*key, 0, 1)[0]) for key in keys}) == len(keys)


# Every bound below is five standard errors over 10,000 numbers.
@pytest.mark.parametrize("by", ["row", "name", "seed"])
def test_the_first_numbers_of_neighbouring_streams_are_independent_and_uniform(by):
    n = 10_000
    streams = {
        "row": lambda: row_streams(0, "input", 0, n),
        "name": lambda: (named_stream(0, "parameters", f"hidden{i}") for i in range(n)),
        "seed": lambda: (named_stream(i, "parameters", "hidden1") for i in range(n)),
    }[by]()
    u = np.array([stream.random() for stream in streams])
    assert abs(u.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / n)
    assert abs(u.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / n)
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 5 / np.sqrt(n)
    tenths = np.histogram(u, 10, (0, 1))[0]
    assert abs(tenths - n / 10).max() < 5 * np.sqrt(n * 0.1 * 0.9)


def test_the_normal_numbers_of_a_stream_have_the_moments_of_the_distribution():
    n = 200_000
    x = named_stream(0, "parameters", "hidden1").standard_normal(n)
    assert abs(x.mean()) < 5 / np.sqrt(n)
    assert abs(x.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs((x**3).mean()) < 5 * np.sqrt(15 / n)
    assert abs((x**4).mean() - 3) < 5 * np.sqrt(96 / n)
