"""Many lanes in tiles, one stream of tiles to each core."""

import os
import queue
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from numpy.typing import NDArray

from .._cores import cores as _cores

Device: TypeAlias = Any
"""A `jax.Device`."""

_LANES = 16
# Hodgkin-Huxley, 4,096 runs of 4,000 steps, two cores, ns per run and step at a width of 16, 64,
# 128, 256 and 512: 14.5, 9.5, 8.7, 8.4 and 9.4. The narrower of the best shares out more evenly.
_CPU_WIDTH = 128
# One step costs a GPU its launches whatever the width, so there it is as wide as memory allows,
# up to where lanes alone fill the largest; not measured yet.
_GPU_WIDTH = 65536
_TILE_BYTES = 256e6
_SHARE_OF_MEMORY = 0.8


def workers() -> list[Device]:
    """The device of each stream of tiles: one for each core, or one for each GPU."""
    platform = next(iter(jnp.zeros(()).devices())).platform
    devices = jax.local_devices(backend=platform)
    if platform != "cpu":
        return devices
    return [devices[i % len(devices)] for i in range(max(_cores(), len(devices)))]


def tile_width(
    runs: int, tile: int | None, streams: list[Device], lane_bytes: float, kept_bytes: float
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
    for_lanes = side_by_side * width * lane_bytes
    if for_lanes > room_for_lanes:
        need = (kept_bytes if on_cpu else 0.0) + for_lanes
        raise ValueError(
            f"this sweep needs {need / 1e9:.3g} GB for {side_by_side} x {width} lanes and the "
            f"results, and {room / 1e9:.3g} GB are to be had: take a smaller tile= (now {width}), "
            "keep each so-many-th sample with every=, or let measure= return less."
        )
    return width


def _default_width(runs, streams, on_cpu, lane_bytes, room) -> int:
    widest = _CPU_WIDTH if on_cpu else _GPU_WIDTH
    most = min(room / streams, _TILE_BYTES) if on_cpu else room
    # Whole vectors of the processor; a remainder of lanes costs as much as a full one.
    wanted = -(-runs // (streams * _LANES))
    fitting = int(min(widest, most / lane_bytes)) // _LANES
    return _LANES * max(1, min(wanted, fitting))


def free_bytes(device: Device) -> float:
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
    begin: Callable[[NDArray, Device], Any],
    keep: Callable[[NDArray, Any], None],
    tiles: list[NDArray],
    streams: list[Device],
) -> Generator[int, None, None]:
    """Call `begin` on each tile (rows, device), and `keep` on the rows and what came out.

    `begin` may return before its device is done, `keep` waits for it. `keep` is called by
    several threads. Yields how many lanes each finished tile had. When the caller stops,
    by an error or Ctrl-C, tiles that have not begun are left out.
    """
    if not tiles:
        return
    # JAX's settings belong to a thread; the workers take the precision of this one.
    double = jnp.result_type(float).itemsize == 8
    free: queue.SimpleQueue[Device] = queue.SimpleQueue()
    for device in streams:
        free.put(device)

    def work(rows: NDArray, first: tuple[Device, Any] | None = None) -> int:
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
