import tomllib
from pathlib import Path

from edge.site.schema import site_schema
from edge.site.shape import document


def test_the_schema_names_every_table_and_refuses_unknown_keys() -> None:
    schema = site_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == set(document().words)
    assert schema["required"] == ["version", "site", "camera"]
    assert schema["additionalProperties"] is False


def test_the_schema_carries_the_bounds_of_the_model() -> None:
    camera = site_schema()["properties"]["camera"]["items"]["properties"]  # type: ignore[index]
    assert camera["analysis_fps"]["exclusiveMinimum"] == 0
    assert camera["analysis_fps"]["maximum"] == 60
    assert camera["analysis_fps"]["default"] == 10
    assert camera["name"]["pattern"] == "^[a-z0-9_-]{1,40}$"


def test_the_example_uses_every_table_and_every_function(repository: Path) -> None:
    text = (repository / "tests/corpus/site/complete.toml").read_text(encoding="utf-8")
    example = tomllib.loads(text)
    assert set(example) == set(document().words)
    assert {rule["function"] for rule in example["rule"]} == {
        "intrusion",
        "line_crossing",
        "loitering",
        "wrong_way",
        "count",
        "occupancy",
    }
