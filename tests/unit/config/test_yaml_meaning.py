"""YAML means what Galaxy's reader makes of it: version 1.1."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from abell.config.problem import Problems
from abell.config.read_yaml import read_yaml
from abell.config.tree import Node

BASE = """
runners: {{local: {{load: local}}}}
execution: {{environments: {{a: {{runner: local, {0}}}}}}}
"""


def plain(node: Node | None):
    if node is None:
        return None
    if node.is_mapping:
        return {k: plain(v) for k, v in node.value.items()}
    if node.is_sequence:
        return [plain(v) for v in node.value]
    return node.value


@pytest.fixture(params=[getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader], ids=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's parsers: one of them is what an installation has."""
    monkeypatch.setattr("abell.config.read_yaml._Loader", request.param)


def read(text: str):
    problems = Problems()
    node = read_yaml(text, "f.yml", problems)
    return plain(node), [str(p) for p in problems.errors]


@pytest.mark.parametrize(
    ("text", "value"),
    [("027", 23), ("yes", True), ("off", False), ("2:00:00", 7200), ("0x1f", 31), ("~", None), ("1_000", 1000)],
)
def test_scalars(parser: None, text: str, value: object) -> None:
    assert read(f"a: {text}") == ({"a": value}, [])
    assert read(f"a: '{text}'") == ({"a": text}, [])


def test_dates_stay_text() -> None:
    assert read("a: 2024-01-31") == ({"a": "2024-01-31"}, [])


def test_keys_are_names_as_written() -> None:
    assert read("yes: 1\n010: 2") == ({"yes": 1, "010": 2}, [])


keys = st.from_regex(r"k[a-z]{0,5}", fullmatch=True)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner),
        max_leaves=20,
    )
)
def test_agrees_with_pyyaml(data: object) -> None:
    text = yaml.safe_dump({"top": data}, allow_unicode=True)
    assert read(text) == (yaml.safe_load(text), [])


def test_merge_keys_agree_with_pyyaml(parser: None) -> None:
    text = """
        one: &one {a: 1, b: 1}
        two: &two {b: 2, c: 2}
        both: {<<: [*one, *two], c: 3}
        single: {d: 4, <<: *two}
        """
    assert read(text) == (yaml.safe_load(text), [])


def test_shared_values_through_aliases() -> None:
    assert read("a: &x [1, 2]\nb: *x\n") == ({"a": [1, 2], "b": [1, 2]}, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yml:3: duplicate key 'a'; the first is in line 1 (remove one of them)"),
        ("a: [1, 2\nb: 3\n", "f.yml:2: this is not YAML"),
        ("a:\n\t- b\n", "f.yml:2: this is not YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "f.yml:1: "),
        ("a: !include x.yml\n", "f.yml:1: the tag !include is not known"),
        ("a: *nowhere\n", "f.yml:1: "),
        ("a: &x [*x]\n", "f.yml:1: *x contains itself"),
        ("? [a, b]\n: 1\n", "f.yml:1: a list cannot be a key"),
        ("a: 1\n---\nb: 2\n", "f.yml:2: a second document begins here"),
        ("<<: 3\n", "f.yml:1: << merges mappings, not a number"),
        ("a: " + "9" * 5000, "f.yml:1: "),
        ("a: \x07\n", "f.yml:1: this is not YAML"),
        ("a: 0x" + "f" * 5000, "f.yml:1: a number of that size is not allowed"),
        ('a: "x\\0y"', "f.yml:1: a NUL character is not allowed"),
    ],
)
def test_what_is_refused(parser: None, text: str, message: str) -> None:
    _, errors = read(text)
    assert len(errors) == 1
    assert errors[0].startswith(message)


def test_nesting_is_bounded(parser: None) -> None:
    _, errors = read("[" * 100_000)
    assert errors == ["f.yml:1: nested deeper than 64 levels (no job configuration needs that)"]


def test_aliases_are_bounded() -> None:
    levels = ["l0: &l0 [1,1,1,1,1,1,1,1,1,1]"]
    levels += [f"l{i}: &l{i} [{','.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 12)]
    _, errors = read("\n".join(levels))
    assert len(errors) == 1
    assert "more than 100000 values, with aliases expanded (use fewer aliases)" in errors[0]


def test_merges_are_bounded() -> None:
    levels = ["l0: &l0 {a: 1}"]
    levels += [f"l{i}: &l{i} {{<<: [{','.join([f'*l{i - 1}'] * 10)}]}}" for i in range(1, 12)]
    _, errors = read("\n".join(levels))
    assert len(errors) == 1


def test_a_value_that_is_not_what_was_written_draws_a_warning(load_text) -> None:
    loaded = load_text(BASE.format("job_time: 2:00:00"))
    assert loaded.configuration.destinations["a"].params == {"job_time": "7200"}  # as Galaxy
    (warning,) = loaded.warnings
    assert str(warning).endswith(
        ":3: environments.a.job_time: YAML reads 2:00:00 as 7200 (write it in quotes if you mean the text)"
    )


def test_a_number_that_is_not_what_was_written_draws_a_warning(load_text) -> None:
    loaded = load_text(BASE.format("local_slots: 010"))
    assert loaded.configuration.destinations["a"].params == {"local_slots": 8}  # as Galaxy
    assert "local_slots: YAML reads 010 as 8" in str(loaded.warnings[0])


def test_a_secret_is_not_repeated_in_a_warning(load_text) -> None:
    (warning,) = load_text(BASE.format("password: 0123")).warnings
    assert "0123" not in str(warning)
    assert "83" not in str(warning)
