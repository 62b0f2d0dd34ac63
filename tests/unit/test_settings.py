from pathlib import Path

import pytest

from foundation.errors import SettingsError
from pgraph.app.settings import resolve


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for name in ("STORE", "MODEL", "AT_ONCE", "TEMPERATURE"):
        monkeypatch.delenv(f"PGRAPH_{name}", raising=False)
    (tmp_path / "home" / "pgraph").mkdir(parents=True)
    return tmp_path / "home" / "pgraph"


def test_flag_then_environment_then_workspace_then_user_then_default(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert resolve(tmp_path, {})[0].model == ""
    (home / "pgraph.toml").write_text('model = "user"\nat_once = 3\n')
    assert resolve(tmp_path, {})[0].model == "user"
    (tmp_path / "pgraph.toml").write_text('model = "workspace"\n')
    assert resolve(tmp_path, {})[0].model == "workspace"
    monkeypatch.setenv("PGRAPH_MODEL", "environment")
    assert resolve(tmp_path, {})[0].model == "environment"
    values, origins = resolve(tmp_path, {"model": "flag"})
    assert (values.model, values.at_once) == ("flag", 3)
    assert (origins["model"], origins["at_once"]) == ("flag", str(home / "pgraph.toml"))
    assert origins["temperature"] == "default"


def test_texts_from_the_environment_become_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGRAPH_AT_ONCE", "64")
    monkeypatch.setenv("PGRAPH_TEMPERATURE", "0.5")
    values, _ = resolve(tmp_path, {})
    assert (values.at_once, values.temperature) == (64, 0.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("at_once = 0", "must be at least 1"),
        ("at_once = -3", "must be at least 1"),
        ('at_once = "many"', "is not a whole number"),
        ("temperature = nan", "must be at least 0"),
        ("verbalise = 2", "must be at most 1"),
        ("at_once = true", "is not a whole number"),
        ("at_once = 2.5", "is not a whole number"),
        ("model = 4", "is not a text"),
        ("modle = 'x'", "unknown setting 'modle'"),
        ("model = ", "not a readable TOML file"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "pgraph.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        resolve(tmp_path, {})
    assert told in caught.value.message
    assert "pgraph.toml" in caught.value.message
    assert caught.value.hint
