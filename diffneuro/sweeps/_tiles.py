"""Many lanes in tiles, one stream of tiles to each core."""

import os
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

_LANES = 16
_CPU_WIDTH = 128
_GPU_WIDTH = 65536
_CACHE_BYTES = 64e6
_SHARE_OF_MEMORY = 0.8


def workers() -> list[jax.Device]:
    """The device of each stream of tiles: one for each core, or one for each GPU."""
    platform = next(iter(jnp.zeros(()).devices())).platform
    devices = jax.local_devices(backend=platform)
    if platform != "cpu":
        return devices
    return [devices[i % len(devices)] for i in range(max(os.cpu_count() or 1, len(devices)))]


def tile_width(
    runs: int, tile: int | None, streams: list[jax.Device], lane_bytes: float, kept_bytes: float
) -> int:
    """How many lanes run side by side: `tile`, or what suits cache and memory.

    `lane_bytes` is what one lane takes while it runs, `kept_bytes` what the results of all take.

    **Raises:** `ValueError` for a `tile` below 1, and when the memory does not suffice.
    """
    if tile is not None and tile < 1:
        raise ValueError(f"tile={tile} must be at least 1, such as {_CPU_WIDTH}.")
    on_cpu = streams[0].platform == "cpu"
    side_by_side = len(streams) if on_cpu else 1
    room = _SHARE_OF_MEMORY * free_bytes(streams[0])
    room_for_lanes = room - kept_bytes if on_cpu else room
    width = tile or _default_width(runs, len(streams), on_cpu, lane_bytes, room_for_lanes)
    if min(width, runs) * side_by_side * lane_bytes > room_for_lanes:
        need = kept_bytes + min(width, runs) * side_by_side * lane_bytes
        raise ValueError(
            f"this sweep needs {need / 1e9:.3g} GB for {side_by_side} x {width} lanes and the "
            f"results, and {room / 1e9:.3g} GB are to be had: take a smaller tile= (now {width}), "
            "keep each so-many-th sample with every=, or let measure= return less."
        )
    return width


def _default_width(runs, streams, on_cpu, lane_bytes, room) -> int:
    cache = _CACHE_BYTES if on_cpu else np.inf
    most = min(room / (streams if on_cpu else 1), cache) / lane_bytes
    width = min(_CPU_WIDTH if on_cpu else _GPU_WIDTH, most, -(-runs // streams))
    # Whole vectors of the processor; a remainder of lanes costs as much as a full one.
    return _LANES * max(1, round(width / _LANES + 0.49))


def free_bytes(device: jax.Device) -> float:
    """The memory that is free, of the device or of this machine; inf where none tells."""
    stats = None if device.platform == "cpu" else device.memory_stats()
    if stats:
        return stats["bytes_limit"] - stats["bytes_in_use"]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024.0 * float(next(x.split()[1] for x in lines if x.startswith("MemAvailable")))
    except (OSError, StopIteration):
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def run_tiles(
    begin: Callable[[NDArray, jax.Device], Any],
    keep: Callable[[NDArray, Any], None],
    tiles: list[NDArray],
    streams: list[jax.Device],
) -> Iterator[int]:
    """Call `begin` on each tile (rows, device), and `keep` on the rows and what came out.

    `begin` may return before its device is done, `keep` waits for it. `keep` is called by
    several threads. Yields how many lanes each finished tile had. When the caller stops,
    by an error or Ctrl-C, tiles that have not begun are left out.
    """
    # JAX's settings belong to a thread; the workers take the precision of this one.
    double = jnp.result_type(float).itemsize == 8
    free: queue.SimpleQueue[jax.Device] = queue.SimpleQueue()
    for device in streams:
        free.put(device)

    def work(rows: NDArray, first: tuple[jax.Device, Any] | None = None) -> int:
        device, begun = first or (free.get(), None)
        try:
            with jax.enable_x64(double):
                keep(rows, begin(rows, device) if first is None else begun)
        finally:
            free.put(device)
        return len(rows)

    # The first tile is begun before the others, so that one thread alone compiles.
    device = free.get()
    first = (device, begin(tiles[0], device))
    pool = ThreadPoolExecutor(len(streams))
    try:
        futures = [pool.submit(work, tiles[0], first)]
        futures += [pool.submit(work, rows) for rows in tiles[1:]]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
