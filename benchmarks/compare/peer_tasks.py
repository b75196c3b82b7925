"""The shapes with tasks that values are sent to: pools of processes or interpreters, Dask, Ray.

Run as SHAPE WORKERS COUNT KIND.  Main keeps the values, and starts a step when it is first in
line for all values that it needs: what a program without cowns has to write.
"""

import multiprocessing
import queue
import sys
from collections import deque
from concurrent import futures

import demo_work
import peer_steps as steps
from shape_tools import Account, Clock, fibonacci, fibonacci_for, finish, pairs, run, work

KIND = sys.argv[4] if len(sys.argv) > 4 else "processes"


def pool_of_processes(workers):
    return futures.ProcessPoolExecutor(workers).submit


def pool_of_interpreters(workers):
    return futures.InterpreterPoolExecutor(workers).submit


def dask_cluster(workers):
    from distributed import Client

    client = Client(n_workers=workers, threads_per_worker=1, dashboard_address=None)

    def submit(function, *arguments):
        return client.submit(function, *arguments, pure=False)

    return submit


def ray_cluster(workers):
    import ray

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    remotes = {}

    def submit(function, *arguments):
        if function not in remotes:
            remotes[function] = ray.remote(function)
        return remotes[function].remote(*arguments).future()

    return submit


KINDS = {
    "processes": pool_of_processes,
    "interpreters": pool_of_interpreters,
    "dask": dask_cluster,
    "ray": ray_cluster,
}


class Plan:
    """Steps over cells of values; each runs when it is first in line for all of its cells."""

    def __init__(self, submit, values):
        self.submit = submit
        self.values = list(values)
        self.lines = [deque() for _ in self.values]
        self.done = queue.SimpleQueue()

    def add(self, function, cells, *arguments):
        """Append a step: *function* gets the values of *cells*, then *arguments*."""
        step = function, cells, arguments
        for cell in cells:
            self.lines[cell].append(step)

    def start(self, step):
        function, cells, arguments = step
        future = self.submit(function, *[self.values[cell] for cell in cells], *arguments)
        future.add_done_callback(lambda future: self.done.put((step, future)))

    def run(self):
        """Run all steps."""
        lines = self.lines
        running = 0
        candidates = [line[0] for line in lines if line]
        while True:
            started = set()
            for step in candidates:
                if id(step) not in started and all(lines[cell][0] is step for cell in step[1]):
                    started.add(id(step))
                    self.start(step)
            running += len(started)
            if running == 0:
                return
            (_, cells, _), future = self.done.get()
            running -= 1
            for cell, value in zip(cells, future.result(), strict=True):
                self.values[cell] = value
                lines[cell].popleft()
            candidates = [lines[cell][0] for cell in cells if lines[cell]]


def timed(plan, total):
    """Run the plan; *total* tells from the values how many steps were done."""
    clock = Clock()
    plan.run()
    finish(clock.target, total(plan.values))
    return clock.stop()


def fan(count, width, function, *arguments):
    plan = Plan(SUBMIT, [0] * width)
    for i in range(count):
        plan.add(function, (i % width,), *arguments)
    return timed(plan, sum)


def fan_out(count, workers):
    return fan(count, 8, steps.add_one)


def fan_out_captures(count, workers):
    return fan(count, 8, steps.add_difference, 2, 1)


def fan_out_1000(count, workers):
    return fan(count, 1000, steps.add_one)


def fan_out_1000_captures(count, workers):
    return fan(count, 1000, steps.add_difference, 2, 1)


def hot_cown(count, workers):
    return fan(count, 1, steps.add_one)


def nested_chain(count, workers):
    return fan(count, 1, steps.add_one)


def chains(count, workers):
    total, nanoseconds = fan(count // workers * workers, workers, steps.add_one)
    return total, nanoseconds, count // workers * workers


def plain_process(link, count):
    """Work alone: what a core can do."""
    link.send(None)
    link.recv()
    for _ in range(count):
        work()
    link.send(count)


def chains_100us(count, workers):
    """Bodies of 100 us or more; for processes, plain ones that nobody sends anything."""
    each = count // workers
    if KIND != "processes":
        return *fan(each * workers, workers, steps.work_and_add), each * workers
    links = []
    for _ in range(workers):
        link, remote = multiprocessing.Pipe()
        multiprocessing.Process(target=plain_process, args=(remote, each), daemon=True).start()
        links.append(link)
    for link in links:
        link.recv()
    clock = Clock()
    for link in links:
        link.send(None)
    finish(clock.target, sum(link.recv() for link in links))
    return *clock.stop(), each * workers


def windows(count, width, among):
    plan = Plan(SUBMIT, [0] * among)
    for i in range(count):
        plan.add(steps.add_to_each, tuple((i + k) % among for k in range(width)))
    return timed(plan, lambda values: sum(values) // width)


def two_cowns(count, workers):
    return windows(count, 2, 8)


def eight_cowns(count, workers):
    return windows(count, 8, 16)


def bank(count, workers):
    plan = Plan(SUBMIT, [Account("somebody", 100, 0) for _ in range(64)])
    for number, pair in enumerate(pairs(count, 64)):
        plan.add(steps.move, pair, number % 10)

    def total(accounts):
        balance = sum(account.balance for account in accounts)
        return sum(account.moves for account in accounts) if balance == 6400 else -1

    return timed(plan, total)


def philosophers(count, workers):
    each = max(1, count // 5)
    plan = Plan(SUBMIT, [0] * 5)
    for _ in range(each):
        for seat in range(5):
            plan.add(steps.add_to_each, (seat, (seat + 1) % 5))
    return *timed(plan, lambda forks: sum(forks) // 2), each * 5


def fork_join(count, workers):
    number, nodes = fibonacci_for(count)
    plan = Plan(SUBMIT, [0] * nodes)
    unused = iter(range(nodes))

    def fork(number):
        if number < 2:
            cell = next(unused)
            plan.add(steps.write, (cell,), number)
            return cell
        one, two, cell = fork(number - 1), fork(number - 2), next(unused)
        plan.add(steps.add_results, (cell, one, two))
        return cell

    top = fork(number)
    expected = fibonacci(number)
    return *timed(plan, lambda values: nodes if values[top] == expected else -1), nodes


def chain_of(count, value, function, total):
    plan = Plan(SUBMIT, [value])
    for _ in range(count):
        plan.add(function, (0,))
    return timed(plan, lambda values: total(values[0]))


def list_chain(count, workers):
    values = [0, *range(1, 1000)]
    return chain_of(count, values, steps.change_first, lambda value: value[0])


def list_10_chain(count, workers):
    values = [0, *range(1, 10)]
    return chain_of(count, values, steps.change_first, lambda value: value[0])


def dict_chain(count, workers):
    values = {f"key {number}": 0 for number in range(100)}
    return chain_of(count, values, steps.change_key, lambda value: value["key 7"])


def dataclass_chain(count, workers):
    account = Account("somebody", 100, 0)
    return chain_of(count, account, steps.change_account, lambda value: value.moves)


def bytes_read(count, workers):
    data = b"\1" * (64 << 20)
    total = 0
    clock = Clock()
    for _ in range(count):
        total += SUBMIT(steps.read_byte, data, total).result()
    finish(clock.target, total)
    return clock.stop()


def round_trip(count, workers):
    total = 0
    clock = Clock()
    for _ in range(count):
        (total,) = SUBMIT(steps.add_one, total).result()
    finish(clock.target, total)
    return clock.stop()


def submit_result(count, workers):
    clock = Clock()
    results = [SUBMIT(steps.give, 1) for _ in range(count)]
    finish(clock.target, sum(result.result() for result in results))
    return clock.stop()


def send_receive(count, workers):
    """A message to oneself, through a pipe."""
    pipe = multiprocessing.SimpleQueue()
    total = 0
    clock = Clock()
    for _ in range(count):
        pipe.put(1)
        total += pipe.get()
    finish(clock.target, total)
    return clock.stop()


def answer(link, count):
    for _ in range(count):
        link.send(link.recv() + 1)


def ping_pong(count, workers):
    """Two processes that answer each other through a pipe."""
    each = count // 2
    link, remote = multiprocessing.Pipe()
    multiprocessing.Process(target=answer, args=(remote, each), daemon=True).start()
    clock = Clock()
    total = 0
    for _ in range(each):
        link.send(total)
        total = link.recv() + 1
    finish(clock.target, total)
    return *clock.stop(), 2 * each


def index_demo(count, workers):
    """Batches are parsed in tasks; main merges them as they come."""
    batches, names = demo_work.batches_of(count, workers)
    clock = Clock()
    tasks = [SUBMIT(demo_work.parse, batch, names) for batch in batches]
    shards = demo_work.new_shards()
    for task in tasks:
        for shard, part in zip(shards, task.result(), strict=True):
            demo_work.merge(shard, [part])
    finish(clock.target, sum(demo_work.size_of(shard) for shard in shards))
    return demo_work.outcome(batches, *clock.stop())


ONLY_PROCESSES = ("send_receive", "ping_pong")


def begin(workers):
    """Make the pool, and return when every worker has run something."""
    global SUBMIT
    SUBMIT = KINDS[KIND](workers)
    for result in [SUBMIT(steps.work_and_add, 0) for _ in range(4 * workers)]:
        result.result()


def end():
    """End the processes of this one; those of a cluster end with their session."""
    for process in multiprocessing.active_children():
        process.kill()


def shapes():
    """Return the shapes that this kind can do."""
    skipped = () if KIND == "processes" else ONLY_PROCESSES
    return {name: value for name, value in globals().items() if name not in skipped}


if __name__ == "__main__":
    run(shapes(), begin, end)
