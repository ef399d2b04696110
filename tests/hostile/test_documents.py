"""YAML and JSON made to do harm: bombs, depth, tags; each is refused at once, in little memory."""

import pytest

from nnpipe.system.documents import MAX_BYTES


@pytest.fixture
def refusal(reading, tmp_path):
    """Return a function that has a child read a document, and returns why it was refused."""

    def refusal(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        ended = reading("read_document", path=str(path))
        prefix = f"{path}: cannot be read: "
        assert (ended.status, ended.said.startswith(prefix)) == (2, True), ended.said
        assert ended.said.count("\n") == 1
        return ended.said.removeprefix(prefix)

    return refusal


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (BOMB, "it has an anchor or an alias"),
        ("a: &x 1\n", "it has an anchor or an alias"),
        ("a: &x\n  - *x\n", "it has an anchor or an alias"),
        ("a: !!python/object/apply:os.getcwd []\n", "it has the tag"),
        ("a: !!binary aGk=\n", "it has the tag 'tag:yaml.org,2002:binary'"),
        ("a: 1\nb: 2\na: 3\n", "a key occurs twice"),
        ("<<: {a: 1}\n", "it has a merge key"),
        ("[" * 10_000, "it is more than 32 levels deep"),
        ("{a: " * 10_000, "it is more than 32 levels deep"),
        ("a: " + "1:" * 100_000 + "1", "it has a value of 200,001 characters without quotes"),
        pytest.param(
            "- 1\n" * 100_001, "it holds more than 100,000 values", marks=pytest.mark.slow
        ),
        ("a: [1\nb", "while parsing a flow sequence"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        (b"a: \xff\n", "'utf-8' codec can't decode"),
        ("a: \x00\n", "unacceptable character"),
        ("? [1, 2]\n: 3\n", "while constructing a mapping"),
        ("#" * (MAX_BYTES + 1), "found more than 4 MiB"),
    ],
)
def test_yaml_that_is_more_than_plain_values_is_refused(refusal, content, problem):
    assert refusal("a.yaml", content).startswith(problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"a": 1, "a": 2}', "a key occurs twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ("[" * 100_000, "it is too deep"),
        ('{"a":' * 50 + "1" + "}" * 50, "it is more than 32 levels deep"),
        ("1" * 5000, "Exceeds the limit"),
        ("{", "Expecting property name"),
        (b"\xff\xfe", "'utf-8' codec can't decode"),
        (" " * (MAX_BYTES + 1), "found more than 4 MiB"),
    ],
)
def test_json_that_is_more_than_plain_values_is_refused(refusal, content, problem):
    assert refusal("a.json", content).startswith(problem)
