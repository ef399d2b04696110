"""YAML and JSON from anyone: what is read, and what is refused for what it says."""

import os
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nnpipe.documents import read_json, read_yaml, refuse_calls
from nnpipe.errors import RunError

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
