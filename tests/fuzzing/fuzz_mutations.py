"""Ways to damage files: as disks and networks do, as wrong programs do, and as bad people do.

Every one is a function of content and a random generator, so that a number tells the whole input.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import tomllib
import warnings
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import tomli_w
from fuzz_seeds import Seed

Random = np.random.Generator

_WHOLE = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 65535, 2**24, 2**31 - 1, 2**31)
_WHOLE += (2**32 - 1, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_NUMBERS = ("0", "-1", "1e308", "1e36", "1e999", "-1e300", "nan", "inf", "-inf", "9" * 400)
_NUMBERS += ("1e-320", "99999999", "2147483648", "9223372036854775808", "0x10", "1_0", "٣", "")
_NUMBERS += ("1.5", "-0", "true", "null", "1e400", "5e5", "12345678901234567890123")
_TEXTS = ("", "\0", "\ud800", "a\0b", "../../x", "/x", "C:\\x", "x" * 100_000, "\u202e", "nan")
_TEXTS += ("%s%n{0}", "<a>", "con", "\n", "∞", "¼", "１２")
_TREES = (None, True, False, -1, 0, 10**400, 1e308, -1e-320, float("nan"), float("inf"), [], {})
_TREES += ([[[]]], [None] * 3, {"a": {}}, "x", [0] * 1000, ["a", 1])
_BYTES = (b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\x1a", b"\x80", b"\xed\xa0\x80")
_NESTED = (b"[" * 30_000, b'{"a":' * 30_000, b"<a>" * 30_000, b"(" * 3000, b"-" * 30_000)
_TEXT_ENDINGS = (".csv", ".json", ".toml", ".obj", ".off", ".ply", ".lock", ".jsonl")


def damage(seed: Seed, rng: Random) -> Seed:
    """Return a seed with one to four things wrong, most of them in the file it is about."""
    files = dict(seed.files)
    for _ in range(1 + int(rng.geometric(0.6)) % 4):
        if len(files) > 1 and rng.random() < 0.1:
            _change_folder(files, rng)
            continue
        name = _a_file(seed, files, rng)
        if name is not None:
            files[name] = damage_content(name, files[name], rng)
    return Seed(seed.kind, seed.entry, files)


def _a_file(seed: Seed, files: dict[str, bytes], rng: Random) -> str | None:
    about = [name for name in files if PurePosixPath(name).is_relative_to(seed.entry)]
    about = about if about and rng.random() < 0.95 else list(files)
    return _one_of(about, rng) if about else None


def damage_content(name: str, content: bytes, rng: Random) -> bytes:
    """Damage the content of one file; its name tells what is worth trying."""
    ways: list[Callable[[bytes, Random], bytes]] = [_flip, _cut, _insert, _numbers, _splice]
    if name == "words.json":
        return _words(content, rng)
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _TEXT_ENDINGS or name.endswith("text.stl"):
        ways += [_text] * 10
    special = {
        ".json": _json,
        ".lock": _json,
        ".toml": _toml,
        ".zip": _zip,
        ".npz": _zip,
        ".npy": _array_header,
        ".nii": _nifti,
        ".gz": _gzip,
        ".tif": _tiff,
        ".csv": _table,
        ".ply": _first_lines,
        ".off": _first_lines,
    }
    ways += [special[suffix]] * 14 if suffix in special else []
    return _one_of(ways, rng)(content, rng)


def _one_of(choices: Any, rng: Random) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _place(content: bytes, rng: Random) -> int:
    """Draw a place; headers, at the beginning and at the end, are worth more than pixels."""
    length = len(content)
    where = rng.random()
    if where < 0.45:
        return int(rng.integers(min(length, 512) + 1))
    if where < 0.6:
        return max(0, length - 1 - int(rng.integers(512)))
    return int(rng.integers(length + 1))


# Words of a command line


def _words(content: bytes, rng: Random) -> bytes:
    """Change, drop, repeat, swap or add a word; places to read and write stay inside."""
    try:
        words = [str(word) for word in json.loads(content)]
    except ValueError:
        return content
    at = int(rng.integers(len(words) + 1)) if words else 0
    how = rng.random()
    if how < 0.6 and at < len(words):
        words[at] = _word(words[at], rng)
    elif how < 0.7 and at < len(words):
        del words[at]
    elif how < 0.8 and at < len(words):
        words.insert(at, words[at])
    elif how < 0.9 and words:
        other = int(rng.integers(len(words)))
        words[at - 1], words[other] = words[other], words[at - 1]
    else:
        words.insert(at, _word("", rng))
    return json.dumps(words).encode()


def _word(word: str, rng: Random) -> str:
    number = _one_of((*_NUMBERS, *map(str, _WHOLE)), rng)
    text = _one_of(_TEXTS, rng)[:5000].replace("/", "_").replace("\0", "")
    place = int(rng.integers(len(word) + 1))
    more = (f"--{word}", word[:place], word[:place] + text + word[place:], f"{word}={number}")
    return str(_one_of((number, number, number, text, word.upper(), *more), rng))


# Any bytes


def _flip(content: bytes, rng: Random) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(int(rng.geometric(0.4))):
        place = min(_place(content, rng), len(changed) - 1)
        changed[place] = _one_of((changed[place] ^ 1 << int(rng.integers(8)), 0, 255, 128), rng)
    return bytes(changed)


def _cut(content: bytes, rng: Random) -> bytes:
    place = _place(content, rng)
    how = rng.random()
    if how < 0.5:
        return content[:place]
    if how < 0.6:
        return content[place:]
    return content[:place] + content[place + int(rng.integers(1, 200)) :]


def _insert(content: bytes, rng: Random) -> bytes:
    place = _place(content, rng)
    some = _one_of((*_BYTES, rng.bytes(int(rng.integers(1, 40))), *_NESTED), rng)
    return content[:place] + some + content[place:]


def _splice(content: bytes, rng: Random) -> bytes:
    """Copy one part of a file over another, or behind it."""
    length = int(rng.integers(1, 300))
    source, place = _place(content, rng), _place(content, rng)
    end = place if rng.random() < 0.3 else place + length
    return content[:place] + content[source : source + length] + content[end:]


def _numbers(content: bytes, rng: Random) -> bytes:
    """Write a number that means something to programs where one may stand."""
    width = int(_one_of((1, 2, 2, 4, 4, 4, 8), rng))
    place = _place(content, rng)
    place -= place % width if rng.random() < 0.7 else 0
    number = _one_of(_WHOLE, rng) % 256**width
    number = (-number) % 256**width if rng.random() < 0.2 else number
    told = number.to_bytes(width, _one_of(("little", "big"), rng))
    return content[:place] + told + content[place + width :]


# Text


def _text(content: bytes, rng: Random) -> bytes:
    lines = content.split(b"\n")
    at = int(rng.integers(min(len(lines), 12) if rng.random() < 0.5 else len(lines)))
    match int(rng.integers(8)):
        case 0:
            lines[at] = _with_other_number(lines[at], rng)
        case 1:
            lines.insert(at, lines[at])
        case 2:
            del lines[at]
        case 3:
            other = int(rng.integers(len(lines)))
            lines[at], lines[other] = lines[other], lines[at]
        case 4:
            words = lines[at].split(b" ")
            del words[int(rng.integers(len(words)))]
            lines[at] = b" ".join(words)
        case 5:
            lines[at] += b" " + _encoded(_one_of(_NUMBERS, rng)) * int(rng.integers(1, 4))
        case 6:
            lines[at] = lines[at] * int(rng.integers(2, 400))
        case _:
            lines[at] = _encoded(_one_of(_TEXTS, rng)) + lines[at]
    return b"\n".join(lines)


def _first_lines(content: bytes, rng: Random) -> bytes:
    """Change numbers and words where a file says what follows."""
    lines = content.split(b"\n")
    at = int(rng.integers(min(len(lines), 10)))
    lines[at] = _with_other_number(lines[at], rng)
    return b"\n".join(lines)


def _with_other_number(line: bytes, rng: Random) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d*)?(e-?\d+)?", line))
    if not found:
        return line + _encoded(_one_of(_NUMBERS, rng))
    which = _one_of(found, rng)
    return line[: which.start()] + _encoded(_one_of(_NUMBERS, rng)) + line[which.end() :]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _table(content: bytes, rng: Random) -> bytes:
    """Change a cell of a CSV table."""
    lines = content.split(b"\n")
    at = int(rng.integers(len(lines)))
    cells = lines[at].split(b",")
    cells[int(rng.integers(len(cells)))] = _encoded(_one_of((*_NUMBERS, *_TEXTS, '"', "[[]"), rng))
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


# Trees


def _json(content: bytes, rng: Random) -> bytes:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return _text(content, rng)
    values = _other_tree(values, rng)
    return json.dumps(values, ensure_ascii=bool(rng.random() < 0.7)).encode(
        "utf-8", "surrogatepass"
    )


def _toml(content: bytes, rng: Random) -> bytes:
    try:
        values = tomllib.loads(content.decode())
        return tomli_w.dumps(_other_tree(values, rng)).encode()
    except (ValueError, RecursionError, TypeError, AttributeError):
        return _text(content, rng)


def _other_tree(values: Any, rng: Random) -> Any:
    """Change one value somewhere in nested tables and lists."""
    inner = list(values.items()) if isinstance(values, dict) else []
    inner = list(enumerate(values)) if isinstance(values, list) else inner
    if not inner or rng.random() < 0.1:
        if isinstance(values, int | float) and abs(values) < 1e100 and rng.random() < 0.5:
            return values * _one_of((-1, 0, 1e3, 1e9, 1e36, 1e-9, 0.5), rng)
        return _one_of((*_TREES, *_TEXTS), rng)
    key, value = _one_of(inner, rng)
    changed = dict(values) if isinstance(values, dict) else list(values)
    if isinstance(changed, dict) and rng.random() < 0.1:
        del changed[key]
        if rng.random() < 0.5:
            changed[_one_of((*_TEXTS, key.upper()), rng)] = value
    else:
        changed[key] = _other_tree(value, rng)
    return changed


# Formats


def _zip(content: bytes, rng: Random) -> bytes:
    """Pack anew with another member, other names, or the same twice."""
    if rng.random() < 0.3:
        return _numbers(content, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(m.filename, m.compress_type, archive.read(m)) for m in archive.infolist()]
    except Exception:  # noqa: BLE001 - damaged before
        return _flip(content, rng)
    if not members:
        return content
    at = int(rng.integers(len(members)))
    name, packing, inner = members[at]
    match int(rng.integers(6)):
        case 0:
            name = _one_of(("../x", "/x", "a\\..\\x", name.upper(), "", "con", f"{name}/"), rng)
        case 1:
            members.append((name, packing, inner))
        case 2:
            packing = _one_of((zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2), rng)
        case 3:
            inner = b"0 " * 15_000_000 if rng.random() < 0.02 else inner[:100] * 3000
        case _:
            inner = damage_content(name, inner, rng)
    members[at] = (name, packing, inner)
    return _packed(members)


def _packed(members: list[tuple[str, int, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # a name that is there twice is what is wanted
        for name, packing, inner in members:
            told = zipfile.ZipInfo(name)
            told.compress_type = packing
            archive.writestr(told, inner)
    return buffer.getvalue()


def _array_header(content: bytes, rng: Random) -> bytes:
    """Change the text of an array's header, and keep or break its length."""
    end = content.find(b"\n")
    head = content[10:end]
    kinds = ("|O", "<f8", ">u8", "<U9", "|V4", "<M8[s]", "|b1", "<f2", "<c8", "zz", "<i1000000000")
    match int(rng.integers(5)):
        case 0:
            shape = ", ".join(str(_one_of(_WHOLE, rng)) for _ in range(int(rng.integers(5))))
            head = re.sub(rb"\([^)]*\)", f"({shape})".encode(), head)
        case 1:
            head = re.sub(rb"'descr': '[^']*'", f"'descr': '{_one_of(kinds, rng)}'".encode(), head)
        case 2:
            head = head.replace(b"False", _one_of((b"True", b"None", b"(" * 90, b"1e9"), rng))
        case 3:
            head = _text(head, rng)
        case _:
            return _numbers(content, rng)
    length = len(head) + 1 if rng.random() < 0.8 else int(_one_of(_WHOLE, rng))
    return content[:8] + struct.pack("<H", length % 65536) + head + content[end:]


def _nifti(content: bytes, rng: Random) -> bytes:
    """Change a field of the header: sizes, types, offset, scale."""
    fields = [*range(40, 56, 2), 70, 72, *range(76, 108, 4), 108, 112, 116, 120, 252, 254, 344, 348]
    place = _one_of(fields, rng)
    if place >= 76 and rng.random() < 0.5:
        value = _one_of((0.0, -1.0, 1e36, float("nan"), float("inf"), 352.0, 1e9), rng)
        told = struct.pack("<f", value)
    else:
        told = struct.pack("<H", _one_of(_WHOLE, rng) % 65536)
    return content[:place] + told + content[place + len(told) :]


def _gzip(content: bytes, rng: Random) -> bytes:
    try:
        inner = gzip.decompress(content)
    except Exception:  # noqa: BLE001 - damaged before
        return _flip(content, rng)
    return gzip.compress(_nifti(inner, rng), mtime=0)


def _tiff(content: bytes, rng: Random) -> bytes:
    """Change an entry of the first directory, or text and pixels in their place."""
    if content[:4] != b"II*\0" or len(content) < 20 or rng.random() < 0.2:
        return _tiff_text(content, rng)
    start = struct.unpack_from("<I", content, 4)[0]
    if start + 14 > len(content):
        return _numbers(content, rng)
    count = struct.unpack_from("<H", content, start)[0]
    if rng.random() < 0.1:  # where the next page is
        place = start + 2 + 12 * count
        told = struct.pack("<I", _one_of((start, 8, 0, 1, len(content), 2**32 - 1), rng))
        return content[:place] + told + content[place + 4 :]
    place = start + 2 + 12 * int(rng.integers(max(count, 1)))
    part, width = _one_of(((0, 2), (2, 2), (4, 4), (8, 4), (8, 4), (12, 4)), rng)
    number = _one_of((*_WHOLE, start, len(content), 8, 258, 273, 279, 317, 322, 34665), rng)
    told = (number % 256**width).to_bytes(width, "little")
    return content[: place + part] + told + content[place + part + width :]


def _tiff_text(content: bytes, rng: Random) -> bytes:
    """Change words of a description and leave everything else where it is."""
    found = re.search(rb"(<\?xml|<OME|ImageJ=)[^\0]{20,}", content)
    if found is None:
        return _numbers(content, rng)
    text = found[0]
    if rng.random() < 0.7:
        told = list(re.finditer(rb'(?<=[="])[\w.]+(?=["\n])', text))
        which = _one_of(told, rng) if told else None
        new = _encoded(_one_of((*_NUMBERS, *_TEXTS, "ZZ", "XYZCT", "uint64", "bit"), rng))
        text = text[: which.start()] + new + text[which.end() :] if which else text
    else:
        text = _text(text, rng) if rng.random() < 0.7 else _insert(text, rng)
    return (
        content[: found.start()]
        + text[: len(found[0])].ljust(len(found[0]))
        + content[found.end() :]
    )


# Folders


def _change_folder(files: dict[str, bytes], rng: Random) -> None:
    """Lose, empty, swap or rename files, or put one where a folder was."""
    name, other = _one_of(list(files), rng), _one_of(list(files), rng)
    match int(rng.integers(5)):
        case 0:
            del files[name]
        case 1:
            files[name] = b""
        case 2:
            files[name], files[other] = files[other], files[name]
        case 3:
            path = PurePosixPath(name)
            files[str(path.with_name(path.name.upper()))] = files[name]
        case _:
            parent = str(PurePosixPath(name).parent)
            if parent not in {".", ""}:
                for inside in [file for file in files if file.startswith(f"{parent}/")]:
                    del files[inside]
                files[parent] = b"a file"
