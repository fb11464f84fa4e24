"""Panel, command line and documentation describe a setting with the same text."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from napari_3dmsl import cli
from napari_3dmsl.cli import _options
from napari_3dmsl.described import described
from napari_3dmsl.widgets.common.form import Form


@pytest.mark.parametrize(
    ("kind", "name", "option"),
    [
        ("microscope", "confocal", "simulate --confocal"),
        ("acquisition", "step_nm", "simulate --step-nm"),
        ("labelling", "target", "simulate --target"),
        ("labelling", "photons_per_fluorophore", "simulate --photons-per-fluorophore"),
        ("simulation", "snr", "simulate --snr"),
        ("camera", "background_photons", "simulate --background-photons"),
        ("extraction", "erosion_nm", "extract --erosion-nm"),
        ("extraction", "regrow", "extract --regrow"),
        ("extraction", "fill_holes", "extract --fill-holes"),
        ("classification", "length_to", "extract --length-to"),
    ],
)
def test_tooltip_option_and_table_say_the_same(
    qtbot: object, repository: Path, kind: str, name: str, option: str
) -> None:
    settings_class = _options.settings_class(kind)
    setting = described(settings_class)[name]
    assert len(setting.description) > 20
    form = Form(settings_class, [name])
    assert form.field(name).tooltip == setting.help
    form.close()
    command, flag = option.split()
    options = typer.main.get_command(cli.app).commands[command].params
    assert [each.help for each in options if flag in each.opts] == [setting.help]
    docs = "".join(page.read_text("utf-8") for page in (repository / "docs").glob("*.md"))
    rows = [line for line in docs.splitlines() if line.startswith(f"| `{name}` | ")]
    assert any(row.endswith(f"| {setting.tip} |") for row in rows)
