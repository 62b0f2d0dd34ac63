"""docker/ without an engine: what can be read from its files. `docker/try_steps.py` runs the image's steps."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.console import ROOT

COMPOSE = (ROOT / "docker" / "compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
BIN = Path(sys.executable).parent
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return found


def lint(*command: str) -> tuple[int, str]:
    done = subprocess.run([BIN / command[0], *command[1:]], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def stages() -> dict[str, list[str]]:
    """The instructions of each stage, FROM first."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)[1:]:
        lines = [" ".join(line.split()) for line in part.splitlines() if line.strip() and not line.startswith("#")]
        found[lines[0].partition(" AS ")[2]] = lines
    return found


@pytest.mark.parametrize(
    ("of", "to"), [("", ""), ("services:", "servises:"), ("profiles: [llama]", "profile: [llama]")]
)
def test_compose_fits_its_schema(tmp_path: Path, of: str, to: str) -> None:
    """And one that does not is told."""
    tmp_path.joinpath("compose.yml").write_text(COMPOSE.replace(of, to) if of else COMPOSE, encoding="utf-8")
    code, said = lint(
        "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "--color", "never", f"{tmp_path}/compose.yml"
    )
    assert (code == 0) == (not of), said


def test_dockerfile_is_clean_to_hadolint() -> None:
    assert lint("hadolint", "--no-color", f"{ROOT}/docker/Dockerfile") == (0, "")


def test_every_variable_has_a_default_or_a_message_and_is_written_down() -> None:
    text = re.sub(r"#.*", "", COMPOSE)
    used: dict[str, set[str]] = {}
    for name, kind, value in _VARIABLE.findall(text):
        assert kind == "-" or (kind == "?" and value), f"{name} has no default"
        used.setdefault(name, set()).add("" if kind == "?" else value)
    assert "$" not in _VARIABLE.sub("", text)
    example = (ROOT / "docker" / "example.env").read_text(encoding="utf-8")
    assert dict(re.findall(r"^#?([A-Z_\d]+)=(.*)$", example, re.MULTILINE)) == {
        name: next(iter(values)) for name, values in used.items() if len(values) == 1
    }


def test_only_this_machine_reaches_the_ports(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 5
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_names_lead_somewhere(services: dict[str, Any]) -> None:
    volumes = set(yaml.safe_load(COMPOSE)["volumes"])
    for name, service in services.items():
        named = {str(volume).partition(":")[0] for volume in service.get("volumes", []) if isinstance(volume, str)}
        assert {volume for volume in named if volume[0] not in "./$"} <= volumes, name
        assert set(service.get("depends_on", ())) <= set(services)
        if "build" in service:
            assert service["build"]["target"] in stages()
            assert (ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    for folder in ("work", "models"):
        assert (ROOT / "docker" / folder).is_dir()


def test_what_runs_on_has_a_health_check(services: dict[str, Any]) -> None:
    for name, service in services.items():
        target = service.get("build", {}).get("target", "")
        of_image = any(line.startswith("HEALTHCHECK ") for line in stages().get(target, ()))
        assert of_image or "healthcheck" in service, name
        assert "restart" in service or name == "pgraph"


def test_images_run_as_nobody_special() -> None:
    found = stages()
    for target in ("pgraph", "llama"):
        assert found[target][0] == f"FROM plain AS {target}"
    users = [line for line in found["plain"] if line.startswith("USER ")]
    assert users == ["USER 1000:1000"]
    assert not any(line.startswith("USER ") for target in ("pgraph", "llama") for line in found[target])


def test_whatever_is_installed_is_named_by_digest() -> None:
    installs = re.findall(r"(?:pip install|uv build) [^&\n]*", DOCKERFILE)
    assert len(installs) == 7
    for install in installs:
        assert "--require-hashes" in install or install.split()[2:] == ["--no-deps", "dist/*.whl"], install
        for name in re.findall(r"requirements/\S+", install):
            assert (ROOT / name).is_file()


def test_what_the_image_is_built_from_goes_in() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignore if line.startswith("!")}
    assert all((ROOT / name).exists() for name in allowed)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = set(re.findall(r"^COPY (?!--)(\S+) ", DOCKERFILE, re.MULTILINE)) - {"."}
    needed = {*wheel, *copied, project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert needed <= allowed
    assert not allowed & {"docker", ".git", ".", "docker/.env"}


def test_the_page_uses_what_there_is(services: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
    profiles = {profile for service in services.values() for profile in service.get("profiles", [])}
    assert set(re.findall(r"--profile (\w+)", page)) == profiles - {"command"}
    assert set(re.findall(r"run --rm (\w+) ", page)) == {"pgraph"}
