"""YAML and JSON from anyone: what is read, and what is refused."""

import os
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.errors import RunError
from nnpipe.system.documents import (
    MAX_BYTES,
    read_json,
    read_lines,
    read_text,
    read_yaml,
    refuse_calls,
)

texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_what_is_written_as_yaml_is_read_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8", newline="")
    assert read_yaml(path) == value


def test_a_date_is_a_text_and_not_an_object(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("day: 2026-11-24\n")
    assert read_yaml(path) == {"day": "2026-11-24"}


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_nothing_but_a_regular_file_is_read(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match="not a regular file"):
        read(tmp_path / "pipe")
    (tmp_path / "secret").write_text("1")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(RunError, match="it is a link"):
        read(tmp_path / "link")
    with pytest.raises(RunError, match=r"Is a directory|not a regular file"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")


@given(
    name=st.text(string.ascii_lowercase, min_size=1, max_size=8),
    resolver=st.sampled_from(
        ["oc.env:HOME", "oc.decode:x", "hydra:runtime.cwd", "a:${b}", "a.${b}"]
    ),
)
def test_whatever_names_a_resolver_is_refused(name, resolver):
    config = {"output": {"names": ["fine", "${seed}", f"{name}${{{resolver}}}"]}}
    with pytest.raises(RunError, match=r"^c\.yaml: output\.names\.2: found "):
        refuse_calls(config, "c.yaml")


def test_what_hydra_would_call_is_refused():
    with pytest.raises(RunError) as refused:
        refuse_calls({"input": {"kind": "hdf5", "_target_": "os.system"}}, "c.yaml")
    assert str(refused.value) == (
        "c.yaml: input._target_: found in a stored config; nothing in it is called"
    )


def test_references_to_other_keys_are_let_through():
    refuse_calls({"output": {"name": "run_${seed}_${architecture.width}"}}, "c.yaml")


def test_lines_of_json_are_read_and_a_last_one_without_an_end_is_left_out(tmp_path):
    path = tmp_path / "study.log"
    path.write_text('{"a": 1}\n{"b": [null]}\n{"c": ')
    assert list(read_lines(path)) == [{"a": 1}, {"b": [None]}]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[1]\n", "cannot be read: line 1 is not a JSON object"),
        (b'{}\n{"a": NaN}\n', "line 2: cannot be read: NaN is not a JSON number"),
        (b'{"a": 1, "a": 2}\n', "line 1: cannot be read: a key occurs twice"),
        (b"\n", "line 1: cannot be read: Expecting value"),
        (b'{"a": "\xff"}\n', "cannot be read: 'utf-8' codec can't decode"),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}\n', "cannot be read: found more than 64 MiB, or a"),
        (b'{"a": 1e999}\n', "line 1: cannot be read: the number 1e999 is too large"),
    ],
)
def test_lines_that_are_no_json_are_refused(tmp_path, content, problem):
    path = tmp_path / "study.log"
    path.write_bytes(content)
    with pytest.raises(RunError) as refused:
        list(read_lines(path))
    assert problem in str(refused.value)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_lines_and_texts_of_what_is_no_file_are_not_waited_for(tmp_path, make):
    make(tmp_path / "study.log")
    for read in (lambda path: list(read_lines(path)), read_text):
        with pytest.raises(RunError, match=r"not a regular file|it is a link"):
            read(tmp_path / "study.log")
