"""Damaged files of every kind through every door: tracebacks, memory, time, files outside.

Files that the program reads are made sound, then damaged: bytes, numbers in headers, words in text,
values in nested settings, members of archives, files of folders. Each goes through one of the ways
by which files come in. A finding is anything but what was asked for or one line that names the
file, more than 2 GB of memory, more than 5 s of processor time, or a file outside of the target. It
is printed with its number, which makes it again: ``--only KIND --seed S --input N``. The test
``tests/fuzzing`` does the same for some hundred inputs. Linux only, for its limits.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fuzzing"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from fuzz_run import Finding, Plan, put_down, run, seeds_of

PORTION = 2000


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[], metavar="KIND")
    parser.add_argument("--input", type=int, help="only this one, and say what its door says")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many")
    parser.add_argument("--keep", type=Path, help="folder for the inputs of findings")
    arguments = parser.parse_args()
    plan = Plan(arguments.seed, seeds_of(arguments.only))
    if arguments.input is not None:
        numbers = range(arguments.input, arguments.input + 1)
    else:
        numbers = range(arguments.first, arguments.first + arguments.count)
    return _through(plan, numbers, arguments)


def _through(plan: Plan, numbers: range, arguments: argparse.Namespace) -> int:
    start, found = time.monotonic(), list[Finding]()
    inputs, refused, longest, most = Counter[str](), Counter[str](), 0.0, 0
    for at in range(0, len(numbers), PORTION):
        report = run(plan, numbers[at : at + PORTION])
        inputs += report.inputs
        refused += report.refused
        found += report.findings
        longest, most = max(longest, report.longest_s), max(most, report.most_bytes)
        for finding in report.findings:
            print(
                f"{finding.kind} --input {finding.number} ({finding.door}): {finding.problem}",
                flush=True,
            )
            if arguments.keep is not None:
                name = f"{finding.kind}-{plan.seed}-{finding.number}"
                put_down(plan.input(finding.number)[0], arguments.keep / name)
        if time.monotonic() - start > 60 * arguments.minutes:
            break
        print(f"  {sum(inputs.values()):,} inputs", file=sys.stderr, flush=True)
    _show(inputs, refused, Counter(finding.kind for finding in found))
    print(
        f"{len(found)} findings; at most {longest:.1f} s of processor time and "
        f"{most / 2**30:.2f} GB of memory; {time.monotonic() - start:.0f} s in all"
    )
    return 1 if found else 0


def _show(inputs: Counter[str], refused: Counter[str], other: Counter[str]) -> None:
    """Print a table of what came of the inputs of each kind."""
    print("| kind | inputs | read | refused | other |\n|---|---|---|---|---|")
    for kind, count in [*inputs.items(), ("all", inputs.total())]:
        no = refused.total() if kind == "all" else refused[kind]
        odd = other.total() if kind == "all" else other[kind]
        print(f"| {kind.replace('_', ' ')} | {count:,} | {count - no - odd:,} | {no:,} | {odd} |")


if __name__ == "__main__":
    raise SystemExit(main())
