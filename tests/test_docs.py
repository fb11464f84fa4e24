"""Every block of code of README, CONTRIBUTING and docs does what the page says.

Python and command lines are run as they stand, in order, one folder a page, and what they print is
compared with what the page shows, but for times. Addresses of other machines are replaced by what a
helper serves here, and sizes that take long by small ones: `INSTEAD` has them all. Lines that
install, build or start a cluster are not typed but checked: `APART`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import doc_files
import pytest
from containers import nifti
from doc_blocks import REPOSITORY, Block, Reader, blocks_of
from labelled_set import make_labelled_set
from repository_server import Repository, serving

import napari_3dmsl as msl
from napari_3dmsl.matching import scene_fit
from napari_3dmsl.microscope.objectives import Objective

PAGES = [
    page.relative_to(REPOSITORY).as_posix()
    for page in (REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md")
] + sorted(page.relative_to(REPOSITORY).as_posix() for page in (REPOSITORY / "docs").glob("*.md"))
# Too large to install for tests: `benchmarks/tool_loaders.py` runs the blocks that import them.
LARGE = ("cellpose", "csbdeep", "stardist", "traccuracy", "torch")
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TYPED = [block for block in BLOCKS if block.is_typed and not block.imports & set(LARGE)]
READ = [block for block in BLOCKS if block not in TYPED]
NODE, HERE = "tcp://node1:8786", "tcp://127.0.0.1:8786"
CELL = "s3://bucket/cell.n5/labels/mito_seg"
INSTEAD = {
    "docs/clusters.md": {"/project/me/my_set": "slurm_set"},  # and the addresses of schedulers
    "docs/extract.md": {CELL: "cell.n5/mito", " --level s2": ""},  # one resolution here
    "docs/files.md": {
        CELL: "cell.n5/mito",
        " --level s2": "",
        "--image-size 2048 2048": "--image-size 256 256",
        "--planes 31": "--planes 3",
    },
    "docs/image_sets.md": {"--workers 8": "--workers 1"},
    "docs/scripting.md": {"my_library/5/": "script_library/5/"},  # which the page has made
    "docs/matching.md": {
        'read_tiles("real")': 'read_tiles("real", 64)',
        'read_tiles("simulated")': 'read_tiles("simulated", 64)',
    },
    "docs/time_lapse.md": {"napari.Viewer(": "ViewerModel("},  # the same without a window
    "docs/validation.md": {"$DATA": "."},
}
Lines = dict[str, Callable[[str], None]]


def is_target(line: str) -> None:
    """``make TARGET``: the Makefile has it."""
    target = shlex.split(line, comments=True)[1]
    assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text("utf-8"), re.M), line


def is_example(line: str) -> None:
    """``make example-NAME``: the Makefile runs that script, which CI tries at its smallest size."""
    name = shlex.split(line, comments=True)[1].removeprefix("example-")
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    assert (REPOSITORY / "examples" / f"{name}.py").is_file(), line
    assert "\nexample-%:" in makefile
    assert re.search(rf"^\t@for name in [\w ]*\b{name}\b", makefile, re.M), line


def is_extra(line: str) -> None:
    """``pip install "…[extra]"``: the package has it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    asked = re.search(r"\[([\w,]+)\]", line)
    assert asked is not None
    assert set(asked[1].split(",")) <= set(project["optional-dependencies"])


def nothing(_: str) -> None:
    """It opens a window, starts a machine, or makes an environment."""


APART: dict[str, Lines] = {
    "README.md": {
        "python3 -m venv": nothing,
        ". .venv/bin/activate": nothing,
        "pip install": is_extra,
        "napari\n": nothing,
        "make ": is_target,
    },
    "docs/clusters.md": {
        "pip install": is_extra,
        "dask ": nothing,  # the cluster of the test stands for it
        "source ": nothing,
        "file=": nothing,
        "srun ": nothing,
        "until ": nothing,
        "python on_slurm.py": nothing,  # it is run as the block that it is
    },
    "docs/example_reconstruction.md": {"make ": is_example},
    "docs/example_segmentation.md": {"make ": is_example},
    "docs/example_tracking.md": {"make ": is_example},
    "docs/example_translation.md": {"make ": is_example},
    "docs/matching.md": {"napari-3dmsl two-minute-test REAL SIM": nothing},
    "docs/training_tools.md": dict.fromkeys(  # `benchmarks/tool_loaders.py` has the tools
        ("export ", "nnUNetv2_", "cp ", "cd my_answer ", "ctc_evaluate "), nothing
    ),
    "docs/validation.md": {"make ": is_target},
}


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as found:
        yield found


@pytest.fixture(scope="module")
def reader_of(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    patch: pytest.MonkeyPatch,
) -> Callable[[str], Reader]:
    """Whoever follows a page; the first time, its files are put into a folder of its own."""
    readers: dict[str, Reader] = {}
    folders: dict[str, Path] = {}

    def reader(page: str) -> Reader:
        if page not in readers:
            folders[page] = tmp_path_factory.mktemp(Path(page).stem)
            apart = APART.get(page, {})
            found = Reader(page, dict(INSTEAD.get(page, {})), apart, LARGE)
            patch.chdir(folders[page])
            if prepare := PREPARE.get(page):
                prepare(folders[page], found, request)
            readers[page] = found
        patch.chdir(folders[page])
        return readers[page]

    return reader


def of_readme(folder: Path, request: pytest.FixtureRequest) -> None:
    """Lay what README makes into a folder."""
    walker = request.getfixturevalue("reader_of")("README.md")
    walker.follow(len(blocks_of("README.md")))
    made = Path.cwd()
    for name in ("my_library", "stack.ome.tif"):
        copy = shutil.copytree if (made / name).is_dir() else shutil.copy
        copy(made / name, folder / name)
    request.getfixturevalue("patch").chdir(folder)


def small_library(folder: Path, request: pytest.FixtureRequest, name: str = "my_library") -> Path:
    return Path(shutil.copytree(request.getfixturevalue("library"), folder / name))


def for_browse(folder: Path, _: Reader, request: pytest.FixtureRequest) -> None:
    small_library(folder, request, "control")
    small_library(folder, request, "starved")


def for_clusters(folder: Path, reader: Reader, request: pytest.FixtureRequest) -> None:
    import dask.distributed

    doc_files.label_files(folder)
    doc_files.recipe_file("recipe.toml", "my_library")
    cluster = request.getfixturevalue("dask")
    reader.instead = {**reader.instead, NODE: cluster.scheduler_address}
    reader.instead |= {HERE: cluster.scheduler_address, "$file": cluster.scheduler_address}
    patch = request.getfixturevalue("patch")
    patch.setattr(dask.distributed, "LocalCluster", lambda **_: contextlib.nullcontext(cluster))
    patch.setitem(sys.modules, "dask_jobqueue", slurm_of(cluster))
    patch.setattr(sys, "argv", ["on_slurm.py", "recipe.toml", "slurm_set"])


def slurm_of(cluster: Any) -> ModuleType:
    """A module like dask_jobqueue, whose cluster is `cluster`."""

    class SLURMCluster(contextlib.nullcontext[Any]):
        def __init__(self, **_: Any) -> None:
            super().__init__(cluster)

        def adapt(self, **_: Any) -> None: ...

        def get_client(self) -> Any:
            return cluster.get_client()

    module = ModuleType("dask_jobqueue")
    module.SLURMCluster = SLURMCluster  # type: ignore[attr-defined]
    return module


def for_extract(folder: Path, _: Reader, __: pytest.FixtureRequest) -> None:
    doc_files.label_files(folder)


def for_files(folder: Path, reader: Reader, request: pytest.FixtureRequest) -> None:
    from napari.components import ViewerModel

    doc_files.label_files(folder)
    of_readme(folder, request)
    doc_files.microscope_files(folder)
    real = request.getfixturevalue("real_data")
    shutil.copy(real / "3dmsl" / "920.zip", folder)
    library = request.getfixturevalue("library")
    doc_files.image_set(folder / "my_set", library, ground_truth=["mask"])
    patch = request.getfixturevalue("patch")
    patch.setattr("napari.Viewer", ViewerModel)
    served = serving(Repository({"1_1_2729.zip": (folder / "920.zip").read_bytes()}))
    server = served.__enter__()
    request.addfinalizer(partial(served.__exit__, None, None, None))
    patch.setenv("NAPARI_3DMSL_REPOSITORY", server.address)
    for block in READ:
        if block.page == "docs/files.md" and '"my_microscope"' in block.text:
            Path("my_microscope.json").write_text(block.text)


def for_image_sets(folder: Path, reader: Reader, request: pytest.FixtureRequest) -> None:
    small_library(folder, request)
    small_library(folder, request, "another_library")
    doc_files.recipe_file("recipe.toml", "my_library")
    cluster = request.getfixturevalue("dask")
    reader.instead = {**reader.instead, NODE: cluster.scheduler_address}


def for_match(folder: Path, _: Reader, __: pytest.FixtureRequest) -> None:
    doc_files.tiles(folder / "tiles", 0, 1)
    shutil.copy("tiles/0.tif", "IMAGE.tif")
    doc_files.dark_frame(folder / "DARK.tif")


def for_matching(folder: Path, _: Reader, request: pytest.FixtureRequest) -> None:
    budget = scene_fit.Budget(scenes=(4,), kinds=(1,), check=6, shapes=12)
    request.getfixturevalue("patch").setattr(scene_fit, "Budget", lambda: budget)
    for seed, name in enumerate(("IMAGES", "REAL", "SIM", "ANOTHER_CELL", "real")):
        doc_files.tiles(folder / name, 10 * seed, 2 if name == "IMAGES" else 9)
    doc_files.answers(folder)


def for_scaling(folder: Path, _: Reader, __: pytest.FixtureRequest) -> None:
    doc_files.label_files(folder)


def for_scoring(folder: Path, _: Reader, __: pytest.FixtureRequest) -> None:
    doc_files.masks(folder)


def for_time_lapse(_: Path, reader: Reader, __: pytest.FixtureRequest) -> None:
    from napari.components import ViewerModel

    reader.names["ViewerModel"] = ViewerModel


def for_training_tools(folder: Path, _: Reader, request: pytest.FixtureRequest) -> None:
    make_labelled_set(folder / "my_set")
    small_library(folder, request)


def for_validation(folder: Path, _: Reader, __: pytest.FixtureRequest) -> None:
    (folder / "urocell").mkdir()
    made = nifti(folder, doc_files.labels(), doc_files.VOXEL_NM)
    shutil.copy(made, folder / "urocell" / "fib1-0-0-0_binary.nii.gz")


PREPARE: dict[str, Callable[[Path, Reader, pytest.FixtureRequest], None]] = {
    "docs/browse.md": for_browse,
    "docs/clusters.md": for_clusters,
    "docs/extract.md": for_extract,
    "docs/files.md": for_files,
    "docs/image_sets.md": for_image_sets,
    "docs/match.md": for_match,
    "docs/matching.md": for_matching,
    "docs/scaling.md": for_scaling,
    "docs/scoring.md": for_scoring,
    "docs/time_lapse.md": for_time_lapse,
    "docs/training_tools.md": for_training_tools,
    "docs/validation.md": for_validation,
}


@pytest.mark.parametrize("block", TYPED, ids=str)
def test_a_block_does_what_the_page_says(block: Block, reader_of: Callable[[str], Reader]) -> None:
    reader = reader_of(block.page)
    if block.page == "docs/files.md":  # it shows a user's own presets
        folder = Path(os.environ["NAPARI_3DMSL_PRESETS"])
        doc_files.presets(folder)
        reader.instead["/home/me/.config/napari-3dmsl"] = str(folder)
    reader.follow(block.number)


def is_recipe(text: str) -> None:
    """A part of a recipe: with the rest of one it is valid, and all of it is used."""
    told = tomllib.loads(text)
    whole = {"microscopes": ["con1"], "source": {"library": "my_library"}, **told}
    if "variants" in told:
        whole["scene"] = {"kind": "cell"}
    recipe = msl.Recipe(**whole)
    assert set(told) <= recipe.model_fields_set


def is_settings(text: str) -> None:
    """A microscope, an objective or a camera."""
    told = json.loads(text)
    kinds = (Objective, msl.Camera, msl.Microscope)
    kind = next(one for one in kinds if set(told) <= {"name", *one.model_fields})
    fields = {name: value for name, value in told.items() if name in kind.model_fields}
    assert kind(**fields).model_fields_set == set(fields)


def is_shown(text: str) -> None:
    """A tree of files, a table, what a panel says, a benchmark that is there: nothing to type."""
    for file in re.findall(r"^python (\S+\.py)", text, re.M):
        assert (REPOSITORY / file).is_file()
    assert not re.search(r"^(\$ |import |from |pip |napari-3dmsl )", text, re.M)


def is_script(text: str) -> None:
    """A script for tools that are not installed here."""
    compile(text, "a page", "exec")


KINDS = {"python": is_script, "toml": is_recipe, "json": is_settings, "": is_shown}


@pytest.mark.parametrize("block", READ, ids=str)
def test_a_block_that_is_read_is_valid(block: Block) -> None:
    assert block.language in KINDS, f"{block}: nobody says how to test {block.language}"
    KINDS[block.language](block.text)


def test_no_block_of_a_page_is_overlooked() -> None:
    for page in PAGES:
        text = (REPOSITORY / page).read_text("utf-8")
        fences = len(re.findall(r"^ *```", text, re.M))
        seen = [block for block in BLOCKS if block.page == page]
        assert fences == 2 * len(seen) + 2 * sum(block.output is not None for block in seen), page


def test_scripts_of_the_shell_are_well_formed() -> None:
    for block in BLOCKS:
        if block.language == "sh":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


@pytest.mark.parametrize("table", [INSTEAD, APART], ids=["instead", "apart"])
def test_what_is_replaced_or_left_out_is_still_on_the_page(table: dict[str, Any]) -> None:
    for page, lines in table.items():
        text = (REPOSITORY / page).read_text("utf-8")
        assert [line for line in lines if line not in text] == []


@pytest.mark.parametrize(
    ("session", "found"),
    [
        ("$ napari-3dmsl --version\nanother program 1.0\n", "prints"),
        ("$ napari-3dmsl info no_such_file.tif\n", "no such file"),
        ("$ another-program\n", "nobody says how to test"),
    ],
)
def test_a_page_that_is_wrong_is_found(session: str, found: str) -> None:
    with pytest.raises(AssertionError, match=found):
        Reader("README.md", {}, {}).type_session(session)
