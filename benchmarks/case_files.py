"""Does every file of ``shared/cases`` get its right value, or one clear line? Prints the table.

Each is given to the command line in a process of its own: status, seconds, memory and the line that
it says. The same list is a test: tests/test_case_files.py.

Use: ``python benchmarks/case_files.py [PART OF A NAME]``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
from case_files import FILES, Answer, Case, hostile_cases

RUN = "import sys; from napari_3dmsl.cli import main; sys.exit(main())"
MOST_MB, MOST_S = 2000, 5.0


@dataclass(frozen=True)
class Seen:
    """What one command did."""

    answer: Answer
    seconds: float
    processor_s: float
    memory_mb: float
    left: list[str]


def run(case: Case) -> Seen:
    """Give a case to the command line."""
    with tempfile.TemporaryDirectory() as folder:
        before, began = os.times(), time.perf_counter()
        command = [sys.executable, "-c", RUN, *case.words(Path(folder) / "out")]
        with (
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
            subprocess.Popen(command, stdout=out, stderr=err) as process,
        ):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            answer = Answer(process.returncode, out.read(), err.read())
        left = sorted(path.name for path in Path(folder).iterdir())
        after = os.times()
        processor_s = after.children_user + after.children_system
        processor_s -= before.children_user + before.children_system
        return Seen(answer, time.perf_counter() - began, processor_s, usage.ru_maxrss / 1024, left)


def verdict(case: Case, seen: Seen) -> str:
    """Say whether it is right, or what is wrong."""
    if seen.memory_mb > MOST_MB or seen.processor_s > MOST_S:
        return "TOO MUCH"
    if seen.answer.status != 0 and seen.left:
        return f"LEFT {', '.join(seen.left)}"
    try:
        return "right" if case.holds(seen.answer) else "WRONG"
    except (ValueError, KeyError, TypeError) as error:
        return f"WRONG ({type(error).__name__})"


def main(part: str = "") -> int:
    """Print a row for each case whose title holds a part."""
    cases = [case for case in (*FILES, *hostile_cases()) if part in case.title]
    wrong = 0
    for case in cases:
        seen = run(case)
        said = verdict(case, seen)
        wrong += said != "right"
        print(
            f"{said:8} {seen.seconds:5.1f} s {seen.memory_mb:5.0f} MB  {case.title}: {case.right}"
        )
        line = seen.answer.err.strip().splitlines()[-1:] or ["-"]
        print(f"         {line[0][:200]}")
    print(f"{len(cases) - wrong} of {len(cases)} right")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
