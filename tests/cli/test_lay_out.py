"""``napari-3dmsl lay-out``."""

import json

from labelled_set import make_labelled_set

from napari_3dmsl.cli import main


def test_a_set_is_laid_out(tmp_path, capsys):
    make_labelled_set(tmp_path / "set")
    paths = [str(tmp_path / "set"), str(tmp_path / "Dataset001_a")]
    assert main(["lay-out", *paths, "--tool", "nnunet", "--microscope", "epi1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["images"] == {"train": 1, "val": 1}
    assert (told["tool"], told["truth"], told["linked_files"]) == ("nnunet", "mask", 0)
    assert (tmp_path / "Dataset001_a" / "dataset.json").is_file()


def test_in_words_and_with_links(tmp_path, capsys):
    make_labelled_set(tmp_path / "set")
    paths = [str(tmp_path / "set"), str(tmp_path / "out")]
    assert main(["lay-out", *paths, "--links"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("out: Cellpose; 2 train, 1 val, 1 test; labels from instances")
    assert lines[1] == "8 files are links to those of the set"


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    make_labelled_set(tmp_path / "set")
    assert main(["lay-out", str(tmp_path / "set"), str(tmp_path / "out"), "--tool", "nnunet"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "Error: out: nnU-Net knows its data sets by names such as Dataset501_out"
    )
    assert main(["lay-out", str(tmp_path), str(tmp_path / "out")]) == 1
    assert "no image set here" in capsys.readouterr().err
