"""The wheel is the whole package with its pages and examples, and nothing else; and it works where the checkout is not."""

from __future__ import annotations

import email
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from eutonia.doors.web.shelf import PAGES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

pytestmark = pytest.mark.xdist_group("wheel")  # one worker builds it, once


def run(*command: object, cwd: Path) -> str:
    """What the command prints; its whole output is shown if it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as `make wheel` builds it."""
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", dist, ROOT, cwd=dist)
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """The METADATA file of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel in it; what the wheel needs is lent by the one that runs the tests.

    A path that a .pth file adds has its own .pth files left unread, so the checkout, which is installed here by one, is
    not lent with the rest.
    """
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    install = ("install", "--quiet", "--no-index", "--no-deps", "--ignore-installed", wheel)
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *install, cwd=home)
    return home


def test_the_wheel_is_the_package_folder_its_pages_and_examples_and_nothing_else(wheel):
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "eutonia").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    pages = [ROOT / "docs" / f"{name}.md" for name in PAGES]
    examples = [path for path in (ROOT / "examples").rglob("*") if path.is_file()]
    shelf = {f"eutonia/doors/web/shelf/{path.relative_to(ROOT).as_posix()}" for path in (*pages, *examples)}
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert shipped == package | shelf


@pytest.mark.parametrize(
    "wanted", ["py.typed", "knowledge/*.toml", "doors/templates/*", "doors/web/static/*", "doors/paper/*.typ"]
)
def test_what_is_not_code_is_in_the_wheel_too(wheel, wanted):
    with zipfile.ZipFile(wheel) as archive:
        assert any(Path(name).match(f"eutonia/{wanted}") for name in archive.namelist())


def test_the_licence_is_apache_and_its_text_comes_along(wheel, metadata):
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/licenses/LICENSE"))
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_asks_for_what_the_project_says_it_needs(metadata):
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    extras = [
        f"{each}; extra == '{name}'" for name, those in PROJECT["optional-dependencies"].items() for each in those
    ]
    assert metadata.get_all("Requires-Dist") == PROJECT["dependencies"] + extras


def test_the_installed_command_answers_outside_the_checkout(elsewhere):
    assert "Usage: eutonia" in run(elsewhere / "bin" / "eutonia", "--help", cwd=elsewhere)
    assert PROJECT["version"] in run(elsewhere / "bin" / "python", "-I", "-m", "eutonia", "--version", cwd=elsewhere)


def test_the_installed_package_is_not_the_checkout(elsewhere):
    where = run(elsewhere / "bin" / "python", "-I", "-c", "import eutonia; print(eutonia.__file__)", cwd=elsewhere)
    assert Path(where.strip()).is_relative_to(elsewhere)
    run(sys.executable, "-m", "pip", "--python", elsewhere / "bin" / "python", "check", cwd=elsewhere)
