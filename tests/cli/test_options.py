"""Options of commands say what the settings classes say."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from napari_3dmsl import cli
from napari_3dmsl.cli import _options
from napari_3dmsl.cli._options import Given, Setting, SettingsOf, with_options
from napari_3dmsl.described import described
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.shapes.extraction import ExtractionSettings

received: list[Any] = []


class Lens(Settings):
    """An example."""

    working_nm: Annotated[
        float,
        Field(gt=0.0, le=1e6, description="How far it sees."),
        Show("Working", "nm", source="Our choice."),
    ] = 250.0
    medium: Annotated[Literal["oil", "water"], Field(description="Under it.")] = "oil"
    lenses: Literal[1, 2] = 1
    clean: bool = True
    tilt_deg: tuple[float, float, float] | None = None


def look(
    path: Annotated[str, typer.Argument()],
    *,
    far: Annotated[float | None, Setting("lens", "working_nm", default="the maker's")] = None,
    tilt: Annotated[tuple[float, float, float] | None, Setting("lens", "tilt_deg")] = None,
    rest: Annotated[Given, SettingsOf("lens", "medium", "lenses", "clean")],
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> None:
    """Look through it."""
    received.append({"path": path, "far": far, "tilt": tilt, "rest": rest, "loud": loud})


def built(command: str) -> Any:
    """A command as Typer has made it."""
    return typer.main.get_command(cli.app).commands[command]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setattr(_options, "settings_class", {"lens": Lens}.__getitem__)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(with_options(look))
    received.clear()
    return app


def test_a_command_receives_what_was_given_as_the_classes_have_it(program: typer.Typer) -> None:
    words = ["here", "--far", "2.5", "--tilt", "1", "2", "3", "--medium", "water"]
    words += ["--lenses", "2", "--no-clean", "--loud"]
    assert CliRunner().invoke(program, words).exit_code == 0
    rest = {"medium": "water", "lenses": 2, "clean": False}
    expected = {"path": "here", "far": 2.5, "tilt": (1, 2, 3), "rest": rest, "loud": True}
    assert received == [expected]
    assert Lens(**rest).lenses == 2
    received.clear()
    assert CliRunner().invoke(program, ["here"]).exit_code == 0
    assert received == [{"path": "here", "far": None, "tilt": None, "rest": {}, "loud": False}]


def test_the_help_says_meaning_range_unit_source_choices_and_default(program: typer.Typer) -> None:
    told = " ".join(CliRunner().invoke(program, ["--help"]).output.split())
    assert "--far" in told
    assert (
        "How far it sees. Our choice. Allowed: above 0 to 1,000,000 nm. [default: (the maker's)]"
        in told
    )
    assert "oil|water" in told
    assert "Under it. [default: (oil)]" in told
    assert "--lenses 1|2" in told
    assert "--clean / --no-clean [default: (True)]" in told
    assert "--tilt Z Y X" in told
    assert (
        told.index("--far") < told.index("--tilt") < told.index("--medium") < told.index("--loud")
    )


def test_a_choice_that_is_none_is_refused(program: typer.Typer) -> None:
    done = CliRunner().invoke(program, ["here", "--medium", "air"])
    assert done.exit_code == 2
    assert "'air' is not one of" in done.output
    assert received == []


OF_COMMANDS = {
    "extract": ("extraction", "classification"),
    "simulate": ("acquisition", "labelling", "simulation"),
}


@pytest.mark.parametrize("command", OF_COMMANDS)
def test_options_called_like_settings_say_what_their_class_says(command: str) -> None:
    options = {option.name: option.help for option in built(command).params}
    same = 0
    for kind in OF_COMMANDS[command]:
        for name, setting in described(_options.settings_class(kind)).items():
            if name in options and not isinstance(setting.default, Settings):
                assert options[name] == setting.help
                same += 1
    assert same == {"extract": 12, "simulate": 14}[command]


def test_the_density_tells_both_that_it_may_be() -> None:
    [option] = [option for option in built("simulate").params if option.name == "density"]
    labelling = described(Labelling)
    of_surface, of_volume = labelling["density_per_um2"], labelling["density_per_um3"]
    assert option.help == f"{of_surface.help} Or: {of_volume.help}"
    assert option.show_default == f"{of_surface.default} or {of_volume.default}"


def test_every_class_that_the_command_line_speaks_of_is_there() -> None:
    for kind in _options.CLASSES:
        assert issubclass(_options.settings_class(kind), Settings)


def test_the_list_of_commands_loads_no_settings() -> None:
    code = "import sys; from napari_3dmsl.cli import main; main(['--help']); print(*sys.modules)"
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert "simulate" in loaded
    assert not {"numpy", "scipy", "pydantic"} & set(loaded)


def test_options_of_extract_are_the_settings_and_tell_their_defaults() -> None:
    defaults = {option.name: option.show_default for option in built("extract").params}
    for name, field in ExtractionSettings.model_fields.items():
        assert name in defaults
        if name not in {"voxel_nm", "instances", "downsample"}:
            assert defaults[name] == str(field.default)
