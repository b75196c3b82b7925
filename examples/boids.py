"""Fly a flock of birds, one behavior for each part of the sky that has birds in it.

Each frame cuts the sky into square cells. A cell is a cown with the positions and velocities of
its birds; its behavior claims it together with the cells around it, and returns where its birds
are next. One more behavior claims the flock and all these results and merges them. Cells far
enough from each other fly at the same time, and nobody waits for a lock.

A window needs pyglet (``pip install bocpy[boids]``); ``--headless`` needs nothing.
"""

import argparse
import hashlib
import math
import struct
import sys
from collections import defaultdict
from time import monotonic
from typing import TYPE_CHECKING, Any

from bocpy import Cown, Matrix, wait, when

from ._options import add_runtime_options, not_negative, positive, start_runtime

if TYPE_CHECKING:
    type Birds = tuple[Matrix, Matrix]

#: The side of a cell: what is further away than one cell does not matter to a bird.
CELL = 50.0

#: How strongly a bird is drawn to the middle of its flock, away from who is too near (a square of
#: twice TOO_NEAR around it), and to the common velocity.
TO_MIDDLE = 0.005
AWAY = 0.05
TO_COMMON = 0.05
TOO_NEAR = 20.0

SPEED_MAX = 15.0

#: Closer than this to a border, a bird turns back a little.
MARGIN = 200.0
TURN = 1.0


def new_flock(count: int, width: int, height: int) -> "Birds":
    """Return *count* birds anywhere in the sky: positions and velocities, one row for each."""
    positions = Matrix.uniform(size=(count, 2)) * [width, height]
    return positions, Matrix.uniform(-5.0, 5.0, size=(count, 2))


def cells_of(positions: Matrix) -> dict[tuple[int, int], list[int]]:
    """Map each cell that has birds in it to their row numbers."""
    cells = defaultdict(list)
    coordinates = positions.values()
    for index, (x, y) in enumerate(zip(coordinates, coordinates, strict=True)):
        cells[math.floor(x / CELL), math.floor(y / CELL)].append(index)
    return dict(cells)


def around(cell: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the eight cells around *cell*."""
    x, y = cell
    return [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def steer(bird: Matrix, velocity: Matrix, positions: Matrix, velocities: Matrix) -> Matrix:
    """Return the new velocity of a bird among the birds that it sees, itself included."""
    offsets = positions - bird
    near = offsets.abs().less(TOO_NEAR)
    too_near = offsets * near[:, [0]] * near[:, [1]]
    velocity = velocity + offsets.mean(0) * TO_MIDDLE - too_near.sum(0) * AWAY
    velocity += (velocities.mean(0) - velocity) * TO_COMMON
    speed = velocity.magnitude()
    return velocity if speed <= SPEED_MAX else velocity * (SPEED_MAX / speed)


def turn_back(bird: Matrix, velocity: Matrix, width: int, height: int) -> None:
    """Change the velocity of a bird that is near a border of the sky."""
    velocity.x += TURN * ((bird.x < MARGIN) - (bird.x > width - MARGIN))
    velocity.y += TURN * ((bird.y < MARGIN) - (bird.y > height - MARGIN))


def fly(cell: Cown["Birds"], neighbors: list[Cown["Birds"]], sky: tuple[int, int]) -> Cown[Any]:
    """Schedule the next frame of the birds of one cell."""

    @when(cell, neighbors)
    def moved(cell: Cown["Birds"], neighbors: list[Cown["Birds"]]) -> "Birds":
        positions, velocities = cell.value
        seen = [cell.value, *(neighbor.value for neighbor in neighbors)]
        all_positions = Matrix.concat([birds[0] for birds in seen])
        all_velocities = Matrix.concat([birds[1] for birds in seen])
        next_velocities = velocities.copy()
        for row in range(positions.rows):
            bird = positions[row, :]
            velocity = steer(bird, velocities[row, :], all_positions, all_velocities)
            turn_back(bird, velocity, *sky)
            next_velocities[row] = velocity
        return positions + next_velocities, next_velocities

    return moved


def step(flock: Cown["Birds"], sky: tuple[int, int]) -> tuple[Cown[None], int]:
    """Schedule one frame; return its end and the number of its behaviors."""
    with flock:
        positions, velocities = flock.value
        cells = cells_of(positions)
        parts: dict[tuple[int, int], Cown[Birds]] = {
            cell: Cown((positions.take(rows), velocities.take(rows)))
            for cell, rows in cells.items()
        }
    moved = [
        fly(part, [parts[other] for other in around(cell) if other in parts], sky)
        for cell, part in parts.items()
    ]
    rows_of = list(cells.values())

    @when(flock, moved)
    def merged(flock: Cown["Birds"], moved: list[Cown["Birds"]]) -> None:
        positions, velocities = flock.value
        for rows, part in zip(rows_of, moved, strict=True):
            positions.put(rows, part.result()[0])
            velocities.put(rows, part.result()[1])

    return merged, len(moved) + 1


def fingerprint(flock: "Birds") -> str:
    """Return a short text that differs as soon as one bird is elsewhere."""
    digest = hashlib.sha256()
    for matrix in flock:
        for value in matrix.values():
            digest.update(struct.pack("<d", value))
    return digest.hexdigest()[:16]


def fly_unseen(flock: Cown["Birds"], sky: tuple[int, int], frames: int) -> None:
    """Compute frames without showing them; print what came of it."""
    began = monotonic()
    behaviors = 0
    for _ in range(frames):
        end, count = step(flock, sky)
        end.result()
        behaviors += count
    seconds = max(monotonic() - began, 1e-9)
    with flock:
        positions, velocities = flock.value
        print(f"boids: {positions.rows}")
        print(f"frames: {frames}")
        print(f"behaviors: {behaviors}")
        print(f"mean speed: {velocities.magnitude(1).mean():.3f}")
        print(f"fingerprint: {fingerprint(flock.value)}")
    print(f"{behaviors / seconds:.0f} behaviors per second", file=sys.stderr)


def fly_in_window(flock: Cown["Birds"], sky: tuple[int, int], frames: int, scale: float) -> None:
    """Show the flock until the window is closed, or for so many frames if they are not 0."""
    try:
        import pyglet
    except ImportError:
        sys.exit("bocpy-boids: a window needs pyglet: pip install bocpy[boids], or --headless")
    from colorsys import hsv_to_rgb

    width, height = sky
    window = pyglet.window.Window(width, height, caption="bocpy-boids")
    pyglet.gl.glClearColor(1.0, 1.0, 1.0, 1.0)
    batch = pyglet.graphics.Batch()
    long, wide = 20.0 * scale, 14.0 * scale
    with flock:
        count = flock.value[0].rows
    shapes = [
        pyglet.shapes.Triangle(0, 0, -long, wide / 2, -long, -wide / 2, batch=batch)
        for _ in range(count)
    ]
    label = pyglet.text.Label("", x=8, y=8, color=(0, 0, 0, 255), batch=batch)
    pending: list[Cown[None]] = []
    shown = 0
    done = 0
    since = monotonic()

    def show() -> None:
        with flock:
            positions, velocities = flock.value
            for row, shape in enumerate(shapes):
                heading = math.atan2(velocities[row, 1], velocities[row, 0])
                shape.position = positions[row, 0], positions[row, 1]
                shape.rotation = -math.degrees(heading)
                color = hsv_to_rgb(heading / math.tau % 1.0, 0.8, 0.8)
                shape.color = tuple(int(255 * part) for part in color)

    def tick(_elapsed: float) -> None:
        nonlocal shown, done, since
        if pending:
            if not pending[0].done():
                return
            pending.pop().result()
            show()
            shown += 1
        if frames and shown >= frames:
            window.close()
            return
        end, behaviors = step(flock, sky)
        pending.append(end)
        done += behaviors
        if (now := monotonic()) - since >= 1.0:
            label.text = f"{count} boids, {done / (now - since):.0f} behaviors per second"
            since, done = now, 0

    def draw() -> None:
        window.clear()
        batch.draw()

    window.push_handlers(on_draw=draw)
    show()
    pyglet.clock.schedule_interval(tick, 1 / 60)
    pyglet.app.run()


def factor(text: str) -> float:
    """Convert an option that must be a finite number above zero."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number: {text!r}") from None
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be above zero, not {text}")
    return number


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-boids", description="Fly a flock of birds, the sky cut into cells."
    )
    parser.add_argument("-b", "--boids", type=positive, default=300, help="how many birds (300)")
    parser.add_argument("--width", type=positive, default=1200, help="of the sky (1200)")
    parser.add_argument("--height", type=positive, default=800, help="of the sky (800)")
    parser.add_argument("--scale", type=factor, default=1.0, help="of a bird in the window (1.0)")
    parser.add_argument(
        "--frames", type=not_negative, help="how many (headless: 100; window: until it is closed)"
    )
    parser.add_argument("--seed", type=int, help="the same flock every time")
    parser.add_argument("--headless", action="store_true", help="compute without a window")
    add_runtime_options(parser)
    options = parser.parse_args()
    start_runtime(options)
    if options.seed is not None:
        Matrix.seed(options.seed)
    sky = options.width, options.height
    flock = Cown(new_flock(options.boids, *sky))
    try:
        if options.headless:
            fly_unseen(flock, sky, 100 if options.frames is None else options.frames)
        else:
            fly_in_window(flock, sky, options.frames or 0, options.scale)
    finally:
        wait()


if __name__ == "__main__":
    main()
