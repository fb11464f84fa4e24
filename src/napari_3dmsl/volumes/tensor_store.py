"""Arrays in chunks, on this machine or at a URL, read by tensorstore.

Buckets are read without an account, unless the environment names one (``AWS_PROFILE``,
``AWS_ACCESS_KEY_ID``, ``GOOGLE_APPLICATION_CREDENTIALS``, and so on).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.reading import check_still_there
from napari_3dmsl.volumes.optional import needed

ANSWER_S = 30.0
"""Seconds that a server has to tell what is at a place."""

_READ_S = 600.0  # seconds that it has for the voxels of a block
_RETRIES, _RETRIES_FOR_VOXELS = 2, 6
_AWS = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE")
_GOOGLE = "https://storage.googleapis.com"


class TensorArray:
    """An array of tensorstore that begins at 0 and answers within a time limit.

    Parameters
    ----------
    store
        As tensorstore has opened it.
    first_runs_fastest
        Whether the chunks lie so in memory; then they are read so, and turned without a copy.
    folder
        Where it lies, on this machine.
    """

    def __init__(
        self, store: Any, first_runs_fastest: bool = False, folder: Path | None = None
    ) -> None:
        self._store, self._turned, self._folder = store, first_runs_fastest, folder
        self.shape: tuple[int, ...] = tuple(int(length) for length in store.shape)
        self.dtype: np.dtype[Any] = store.dtype.numpy_dtype
        self.chunks = tuple(int(n) for n in store.chunk_layout.read_chunk.shape)

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        found: NDArray[Any]
        if self._turned:
            found = answer(self._store.T[box[::-1]].read(), _READ_S).T
        else:
            found = answer(self._store[box].read(), _READ_S)
        if self._folder is not None:
            check_still_there(self._folder)
        return found


def open_tensor(driver: str, kvstore: str, options: str = "{}") -> TensorArray:
    """Open an array.

    Parameters
    ----------
    driver
        Of tensorstore, such as ``n5``.
    kvstore
        JSON that says where it lies, see `kvstore_of`.
    options
        JSON of what else the driver is told.
    """
    ts = needed("tensorstore", driver, "this volume")
    place = json.loads(kvstore)
    spec = {"driver": driver, "kvstore": place, **json.loads(options)}
    context = _context(_RETRIES_FOR_VOXELS)
    store = answer(ts.open(spec, open=True, read=True, context=context), ANSWER_S)
    origin = tuple(0 for _ in store.domain.shape)
    folder = Path(place["path"]) if place["driver"] == "file" else None
    return TensorArray(store[ts.d[:].translate_to[origin]], driver not in ("zarr", "zarr3"), folder)


def kvstore_of(place: Path | str, name: str = "") -> dict[str, Any]:
    """Return how tensorstore calls a folder.

    Parameters
    ----------
    place
        Path or URL of a folder.
    name
        Of a folder in it.

    Raises
    ------
    ValueError
        When the URL is of another kind than is known.
    """
    if isinstance(place, Path):
        folder = (place.absolute() / name).as_posix()
        return {"driver": "file", "path": f"{folder}/"}
    scheme, host, path = urlsplit(place)[:3]
    folder = "/".join(part for part in (path.strip("/"), name) if part)
    if scheme == "s3" and host:
        account = "default" if any(os.environ.get(variable) for variable in _AWS) else "anonymous"
        found = {"driver": "s3", "bucket": host, "path": f"{folder}/" if folder else ""}
        found["aws_credentials"] = {"type": account}  # type: ignore[assignment]
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3", os.environ.get("AWS_ENDPOINT_URL"))
        if endpoint:
            region = os.environ.get("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
            found |= {"endpoint": endpoint, "aws_region": region}
        return found
    if scheme in ("gs", "gcs") and host:
        if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
            return {"driver": "gcs", "bucket": host, "path": f"{folder}/" if folder else ""}
        return {"driver": "http", "base_url": _GOOGLE, "path": f"/{host}/{folder}/"}
    if scheme in ("http", "https") and host:
        return {"driver": "http", "base_url": f"{scheme}://{host}", "path": f"/{folder}/"}
    raise ValueError(f"{place}: no address that is known; expected s3://, gs:// or https://")


def read_key(kvstore: Mapping[str, Any], key: str, where: str) -> bytes | None:
    """Return the content of a small file, None when there is none, or none for everybody.

    Parameters
    ----------
    kvstore
        See `kvstore_of`.
    key
        Of the file.
    where
        The URL, for errors.

    Raises
    ------
    ValueError
        When nobody answers.
    """
    ts = needed("tensorstore", "URLs", where)
    try:
        store = answer(ts.KvStore.open(dict(kvstore), context=_context(_RETRIES)), ANSWER_S)
        found = answer(store.read(key), ANSWER_S)
    except TimeoutError:
        raise ValueError(f"{where}: no answer within {ANSWER_S:g} s") from None
    except ValueError as error:
        if any(f"HTTP response code: {code}" in str(error) for code in (401, 403, 404)):
            return None
        if "CURL error" in str(error):
            why = str(error).partition("CURL error ")[2].partition(" [")[0]
            raise ValueError(f"{where}: no connection: {why}") from None
        raise
    return bytes(found.value) if found.state == "value" else None


def answer(future: Any, limit_s: float) -> Any:
    """Return what tensorstore finds, and wait only so long.

    Parameters
    ----------
    future
        Of tensorstore.
    limit_s
        Seconds.

    Raises
    ------
    TimeoutError
    """
    try:
        return future.result(timeout=limit_s)
    except TimeoutError:
        raise TimeoutError(f"no answer within {limit_s:g} s") from None


@cache
def _context(retries: int) -> Any:
    ts = needed("tensorstore", "URLs", "this volume")
    kinds = ("http_request_retries", "s3_request_retries", "gcs_request_retries")
    return ts.Context({kind: {"max_retries": retries} for kind in kinds})
