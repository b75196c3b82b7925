"""The shapes with threads that share objects under locks.

Run as SHAPE WORKERS COUNT KIND: ``threads`` is ThreadPoolExecutor, ``plain_threads`` a queue and
threads that take from it, for builds without a GIL.
"""

import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import demo_work
from shape_tools import Account, Clock, fibonacci, fibonacci_for, finish, pairs, run, work


class PlainThreads:
    """Threads that run what comes out of a queue."""

    def __init__(self, workers):
        self.jobs = queue.SimpleQueue()
        self.threads = [threading.Thread(target=self.serve, daemon=True) for _ in range(workers)]
        for thread in self.threads:
            thread.start()

    def serve(self):
        while (job := self.jobs.get()) is not None:
            function, *arguments = job
            function(*arguments)

    def submit(self, *job):
        self.jobs.put(job)

    def shutdown(self):
        """Return when all is done."""
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join()


KIND = sys.argv[4] if len(sys.argv) > 4 else "threads"
POOL = PlainThreads if KIND == "plain_threads" else ThreadPoolExecutor


class Cell:
    """A value under a lock."""

    __slots__ = ("lock", "value")

    def __init__(self, value):
        self.value = value
        self.lock = threading.Lock()


def total_when_done(pool, clock, cells, divisor=1):
    """Wait for all that was submitted; return what a shape returns."""
    pool.shutdown()
    finish(clock.target, sum(cell.value for cell in cells) // divisor)
    return clock.stop()


def add_one(cell):
    with cell.lock:
        cell.value += 1


def add_difference(cell, two, one):
    with cell.lock:
        cell.value += two - one


def fan(count, workers, width, function, *arguments):
    pool = POOL(workers)
    cells = [Cell(0) for _ in range(width)]
    clock = Clock()
    for i in range(count):
        pool.submit(function, cells[i % width], *arguments)
    return total_when_done(pool, clock, cells)


def fan_out(count, workers):
    return fan(count, workers, 8, add_one)


def fan_out_captures(count, workers):
    return fan(count, workers, 8, add_difference, 2, 1)


def fan_out_1000(count, workers):
    return fan(count, workers, 1000, add_one)


def fan_out_1000_captures(count, workers):
    return fan(count, workers, 1000, add_difference, 2, 1)


def hot_cown(count, workers):
    return fan(count, workers, 1, add_one)


def add_to_two(one, two):
    with one.lock, two.lock:
        one.value += 1
        two.value += 1


def two_cowns(count, workers):
    pool = POOL(workers)
    cells = [Cell(0) for _ in range(8)]
    clock = Clock()
    for i in range(count):
        one, two = sorted((i % 8, (i + 1) % 8))  # the order that keeps deadlocks away
        pool.submit(add_to_two, cells[one], cells[two])
    return total_when_done(pool, clock, cells, 2)


def add_to_eight(a, b, c, d, e, f, g, h):
    with a.lock, b.lock, c.lock, d.lock, e.lock, f.lock, g.lock, h.lock:
        for cell in (a, b, c, d, e, f, g, h):
            cell.value += 1


def eight_cowns(count, workers):
    pool = POOL(workers)
    cells = [Cell(0) for _ in range(16)]
    clock = Clock()
    for i in range(count):
        order = sorted((i + k) % 16 for k in range(8))
        pool.submit(add_to_eight, *[cells[k] for k in order])
    return total_when_done(pool, clock, cells, 8)


def advance(pool, cell, left, change, target):
    """Change the value, and submit the next link; at the end the change tells the total."""
    with cell.lock:
        total = change(cell)
    if left > 1:
        pool.submit(advance, pool, cell, left - 1, change, target)
    else:
        finish(target, total)


def run_chain(count, workers, value, change):
    clock = Clock()
    pool = POOL(workers)
    pool.submit(advance, pool, Cell(value), count, change, clock.target)
    return clock.stop()


def change_int(cell):
    cell.value += 1
    return cell.value


def nested_chain(count, workers):
    return run_chain(count, workers, 0, change_int)


def change_first(cell):
    cell.value[0] += 1
    return cell.value[0]


def list_chain(count, workers):
    return run_chain(count, workers, [0, *range(1, 1000)], change_first)


def list_10_chain(count, workers):
    return run_chain(count, workers, [0, *range(1, 10)], change_first)


def change_key(cell):
    cell.value["key 7"] += 1
    return cell.value["key 7"]


def dict_chain(count, workers):
    values = {f"key {number}": 0 for number in range(100)}
    return run_chain(count, workers, values, change_key)


def change_account(cell):
    cell.value.moves += 1
    return cell.value.moves


def dataclass_chain(count, workers):
    return run_chain(count, workers, Account("somebody", 100, 0), change_account)


def count_and_keep(cell):
    cell.value[1] += 1
    return cell.value[1]


def bytes_untouched(count, workers):
    return run_chain(count, workers, [b"\1" * (64 << 20), 0], count_and_keep)


def read_byte(cell):
    cell.value[1] += cell.value[0][cell.value[1]]
    return cell.value[1]


def bytes_read(count, workers):
    return run_chain(count, workers, [b"\1" * (64 << 20), 0], read_byte)


def work_and_change(cell):
    work()
    return change_int(cell)


def advance_one_of_many(pool, cell, left, change, ends):
    with cell.lock:
        total = change(cell)
    if left > 1:
        pool.submit(advance_one_of_many, pool, cell, left - 1, change, ends)
    else:
        ends.put(total)


def run_chains(count, workers, change):
    each = count // workers
    ends = queue.SimpleQueue()
    clock = Clock()
    pool = POOL(workers)
    for _ in range(workers):
        pool.submit(advance_one_of_many, pool, Cell(0), each, change, ends)
    finish(clock.target, sum(ends.get() for _ in range(workers)))
    return *clock.stop(), each * workers


def chains(count, workers):
    return run_chains(count, workers, change_int)


def chains_100us(count, workers):
    return run_chains(count, workers, work_and_change)


def move(giver, taker, first, second, amount):
    with first.lock, second.lock:
        giver.value.balance -= amount
        taker.value.balance += amount
        giver.value.moves += 1


def bank(count, workers):
    pool = POOL(workers)
    cells = [Cell(Account("somebody", 100, 0)) for _ in range(64)]
    clock = Clock()
    for number, (source, target) in enumerate(pairs(count, 64)):
        first, second = min(source, target), max(source, target)
        pool.submit(move, cells[source], cells[target], cells[first], cells[second], number % 10)
    pool.shutdown()
    balance = sum(cell.value.balance for cell in cells)
    finish(clock.target, sum(cell.value.moves for cell in cells) if balance == 6400 else -1)
    return clock.stop()


def bite(pool, first, second, hunger, ends):
    add_to_two(first, second)
    if hunger > 1:
        pool.submit(bite, pool, first, second, hunger - 1, ends)
    else:
        ends.put(None)


def philosophers(count, workers):
    each = max(1, count // 5)
    forks = [Cell(0) for _ in range(5)]
    ends = queue.SimpleQueue()
    clock = Clock()
    pool = POOL(workers)
    for seat in range(5):
        first, second = sorted((seat, (seat + 1) % 5))
        pool.submit(bite, pool, forks[first], forks[second], each, ends)
    for _ in range(5):
        ends.get()
    finish(clock.target, sum(fork.value for fork in forks) // 2)
    return *clock.stop(), each * 5


class Sum:
    """A node that waits for two numbers and is then submitted."""

    def __init__(self, pool, parent):
        self.pool = pool
        self.parent = parent
        self.numbers = []
        self.lock = threading.Lock()

    def take(self, number):
        with self.lock:
            self.numbers.append(number)
            complete = len(self.numbers) == 2
        if complete:
            self.pool.submit(self.give)

    def give(self):
        self.parent.take(sum(self.numbers))


class Top:
    """Where the last number goes."""

    def __init__(self):
        self.result = queue.SimpleQueue()

    def take(self, number):
        self.result.put(number)


def fork(pool, number, parent):
    if number < 2:
        pool.submit(parent.take, number)
        return
    node = Sum(pool, parent)
    fork(pool, number - 1, node)
    fork(pool, number - 2, node)


def fork_join(count, workers):
    number, nodes = fibonacci_for(count)
    top = Top()
    clock = Clock()
    fork(POOL(workers), number, top)
    finish(clock.target, nodes if top.result.get() == fibonacci(number) else -1)
    return *clock.stop(), nodes


def step_back(cell, back):
    with cell.lock:
        cell.value += 1
        back.put(cell.value)


def round_trip(count, workers):
    pool = POOL(workers)
    cell, back = Cell(0), queue.SimpleQueue()
    total = 0
    clock = Clock()
    for _ in range(count):
        pool.submit(step_back, cell, back)
        total = back.get()
    finish(clock.target, total)
    return clock.stop()


def submit_result(count, workers):
    pool = POOL(workers)
    clock = Clock()
    if KIND == "threads":
        results = [pool.submit(int, 1) for _ in range(count)]
        total = sum(result.result() for result in results)
    else:
        results = queue.SimpleQueue()
        for _ in range(count):
            pool.submit(results.put, 1)
        total = sum(results.get() for _ in range(count))
    finish(clock.target, total)
    return clock.stop()


def send_receive(count, workers):
    messages = queue.SimpleQueue()
    total = 0
    clock = Clock()
    for _ in range(count):
        messages.put(1)
        total += messages.get()
    finish(clock.target, total)
    return clock.stop()


def play(mine, other, count, target):
    total = 0
    for _ in range(count):
        total = mine.get() + 1
        other.put(total)
    if total == 2 * count:
        finish(target, total)


def ping_pong(count, workers):
    each = count // 2
    ping, pong = queue.SimpleQueue(), queue.SimpleQueue()
    clock = Clock()
    pool = POOL(2)
    pool.submit(play, ping, pong, each, clock.target)
    pool.submit(play, pong, ping, each, clock.target)
    ping.put(0)
    return *clock.stop(), 2 * each


def board_read(count, workers):
    board, lock = {f"key{number}": number for number in range(64)}, threading.Lock()

    def read(cell):
        with lock:
            cell.value += board["key1"]
        return cell.value

    return run_chain(count, workers, 0, read)


def board_update(count, workers):
    board, lock = {"sum": 0}, threading.Lock()
    clock = Clock()
    for _ in range(count):
        with lock:
            board["sum"] += 1
    finish(clock.target, board["sum"])
    return clock.stop()


def index_demo(count, workers):
    """Batches are parsed by the pool; main merges them as they come."""
    batches, names = demo_work.batches_of(count, workers)
    done = queue.SimpleQueue()
    clock = Clock()
    pool = POOL(workers)
    for batch in batches:
        pool.submit(lambda batch=batch: done.put(demo_work.parse(batch, names)))
    shards = demo_work.new_shards()
    for _ in batches:
        for shard, part in zip(shards, done.get(), strict=True):
            demo_work.merge(shard, [part])
    finish(clock.target, sum(demo_work.size_of(shard) for shard in shards))
    return demo_work.outcome(batches, *clock.stop())


if __name__ == "__main__":
    run(globals(), lambda workers: None)
