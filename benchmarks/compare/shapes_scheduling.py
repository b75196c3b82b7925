"""Shapes of scheduling, for every bocpy: who may run when, with values that cost nothing.

Captures are written as defaults; `programs.py` makes the twin for versions without these, and puts
`program_end.py` behind both.  Workers keep only imports, functions and classes of a program.
"""

import mmap
import tempfile
import threading
import time
from functools import cache

from shape_tools import Account, Clock, fibonacci, fibonacci_for, finish, pairs, work

from bocpy import Cown, receive, send, when


def end_with_sum(cowns, target, divisor):
    """Finish when all cowns are free."""

    @when(cowns)
    def end(group, target=target, divisor=divisor):
        finish(target, sum(c.value for c in group) // divisor)


def add_one(cown):
    @when(cown)
    def add(c):
        c.value += 1


def add_difference(cown, two, one):
    @when(cown)
    def add(c, two=two, one=one):
        c.value += two - one


def fan_out(count, workers, width=8):
    """Schedule from main, round robin over some cowns."""
    cowns = [Cown(0) for _ in range(width)]
    clock = Clock()
    for i in range(count):
        add_one(cowns[i % width])
    end_with_sum(cowns, clock.target, 1)
    return clock.stop()


def fan_out_captures(count, workers, width=8):
    """The same, and each behavior captures two ints."""
    cowns = [Cown(0) for _ in range(width)]
    clock = Clock()
    for i in range(count):
        add_difference(cowns[i % width], 2, 1)
    end_with_sum(cowns, clock.target, 1)
    return clock.stop()


def fan_out_1000(count, workers):
    return fan_out(count, workers, 1000)


def fan_out_1000_captures(count, workers):
    return fan_out_captures(count, workers, 1000)


def hot_cown(count, workers):
    """Every behavior needs the same cown."""
    return fan_out(count, workers, 1)


def add_to_two(one, two):
    @when(one, two)
    def add(a, b):
        a.value += 1
        b.value += 1


def two_cowns(count, workers):
    """Each behavior needs two of eight cowns."""
    cowns = [Cown(0) for _ in range(8)]
    clock = Clock()
    for i in range(count):
        add_to_two(cowns[i % 8], cowns[(i + 1) % 8])
    end_with_sum(cowns, clock.target, 2)
    return clock.stop()


def add_to_eight(one, two, three, four, five, six, seven, eight):
    @when(one, two, three, four, five, six, seven, eight)
    def add(a, b, c, d, e, f, g, h):
        a.value += 1
        b.value += 1
        c.value += 1
        d.value += 1
        e.value += 1
        f.value += 1
        g.value += 1
        h.value += 1


def eight_cowns(count, workers):
    """Each behavior needs eight of sixteen cowns."""
    cowns = [Cown(0) for _ in range(16)]
    clock = Clock()
    for i in range(count):
        add_to_eight(*[cowns[(i + k) % 16] for k in range(8)])
    end_with_sum(cowns, clock.target, 8)
    return clock.stop()


def advance(cown, left, target):
    @when(cown)
    def step(c, left=left, target=target):
        c.value += 1
        if left > 1:
            advance(c, left - 1, target)
        else:
            finish(target, c.value)


def nested_chain(count, workers):
    """Each behavior on one cown schedules the next."""
    clock = Clock()
    advance(Cown(0), count, clock.target)
    return clock.stop()


def advance_one_of_many(cown, left, ends):
    @when(cown)
    def step(c, left=left, ends=ends):
        c.value += 1
        if left > 1:
            advance_one_of_many(c, left - 1, ends)
        else:
            send(ends, c.value)


def advance_with_work(cown, left, ends):
    @when(cown)
    def step(c, left=left, ends=ends):
        work()
        c.value += 1
        if left > 1:
            advance_with_work(c, left - 1, ends)
        else:
            send(ends, c.value)


def run_chains(count, chains, advance_each):
    """Advance as many chains as there are workers; main learns of each end by a message."""
    each = count // chains
    clock = Clock()
    for _ in range(chains):
        advance_each(Cown(0), each, "end of a chain")
    total = sum(receive("end of a chain")[1] for _ in range(chains))
    finish(clock.target, total)
    return *clock.stop(), each * chains


def chains(count, workers):
    """One nested chain for each worker, with bodies that do next to nothing."""
    return run_chains(count, workers, advance_one_of_many)


def chains_100us(count, workers):
    """One nested chain for each worker, with bodies of 100 us or more."""
    return run_chains(count, workers, advance_with_work)


def transfer(source, target, amount):
    @when(source, target)
    def move(giver, taker, amount=amount):
        giver.value.balance -= amount
        taker.value.balance += amount
        giver.value.moves += 1


def audit(accounts, target):
    @when(accounts)
    def end(group, target=target):
        balance = sum(account.value.balance for account in group)
        moves = sum(account.value.moves for account in group)
        finish(target, moves if balance == 100 * len(group) else -1)


def bank(count, workers):
    """Transfers between two of 64 accounts, each a dataclass."""
    accounts = [Cown(Account("somebody", 100, 0)) for _ in range(64)]
    clock = Clock()
    for number, (source, target) in enumerate(pairs(count, 64)):
        transfer(accounts[source], accounts[target], number % 10)
    audit(accounts, clock.target)
    return clock.stop()


def eat(left, right, hunger, table, forks, target):
    @when(left, right)
    def bite(one, two, hunger=hunger, table=table, forks=forks, target=target):
        one.value += 1
        two.value += 1
        if hunger > 1:
            eat(one, two, hunger - 1, table, forks, target)
        else:
            leave(table, forks, target)


def leave(table, forks, target):
    @when(table)
    def left(t, forks=forks, target=target):
        t.value -= 1
        if t.value == 0:
            end_with_sum(forks, target, 2)


def philosophers(count, workers):
    """Five of them, who share a fork with each neighbor; a bite schedules the next."""
    forks = [Cown(0) for _ in range(5)]
    table = Cown(5)
    each = max(1, count // 5)
    clock = Clock()
    for seat in range(5):
        eat(forks[seat], forks[(seat + 1) % 5], each, table, forks, clock.target)
    return *clock.stop(), each * 5


def fork(number):
    """Schedule the graph of a Fibonacci number; return the cown that will have it."""
    if number < 2:

        @when()
        def leaf(number=number):
            return number

        return leaf
    return join(fork(number - 1), fork(number - 2))


def join(one, two):
    @when(one, two)
    def total(a, b):
        return a.value + b.value

    return total


def end_with_result(cown, target):
    @when(cown)
    def end(c, target=target):
        finish(target, c.value)


def fork_join(count, workers):
    """A Fibonacci number as a graph: each sum is a behavior over the results of two others."""
    number, nodes = fibonacci_for(count)
    clock = Clock()
    end_with_result(fork(number), clock.target)
    total, nanoseconds = clock.stop()
    return nodes if total == fibonacci(number) else -1, nanoseconds, nodes


@cache
def shared_page(path):
    """Return one page of memory that every worker sees."""
    with open(path, "r+b") as file:
        return mmap.mmap(file.fileno(), 8)


def mark_of(number):
    """Return what the page holds while the link of that number is the last one; never 0."""
    return number % 255 + 1


def keep_busy(path, number):
    @when()
    def rest(path=path, number=number):
        page = shared_page(path)
        limit = time.perf_counter() + 0.001
        while page[0] == mark_of(number) and time.perf_counter() < limit:
            pass


def hop(cown, left, path, target):
    @when(cown)
    def step(c, left=left, path=path, target=target):
        page = shared_page(path)
        page[0] = mark_of(left)
        done, here, moves = c.value
        me = threading.get_ident()
        c.value = done + 1, me, moves + (me != here)
        if left > 1:
            keep_busy(path, left)
            hop(c, left - 1, path, target)
        else:
            page[0] = 0
            finish(target, done + 1)


def hops(count, workers):
    """A cown that wanders: who had it is kept busy until somebody else has it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(8))
        file.flush()
        clock = Clock()
        hop(Cown((0, 0, 0)), count, file.name, clock.target)
        return clock.stop()


def step_back(cown):
    @when(cown)
    def step(c):
        c.value += 1
        send("back", c.value)


def round_trip(count, workers):
    """Main schedules a behavior and waits for its message, again and again."""
    cown = Cown(0)
    total = 0
    clock = Clock()
    for _ in range(count):
        step_back(cown)
        total = receive("back")[1]
    finish(clock.target, total)
    return clock.stop()


def task(number):
    @when()
    def give(number=number):
        return number

    return give


def task_by_message(number):
    @when()
    def give(number=number):
        send("result", number)


def submit_result(count, workers):
    """Main schedules tasks without cowns, and then asks for each result."""
    clock = Clock()
    if hasattr(Cown, "result"):
        results = [task(1) for _ in range(count)]
        total = sum(result.result() for result in results)
    else:
        for _ in range(count):
            task_by_message(1)
        total = sum(receive("result")[1] for _ in range(count))
    finish(clock.target, total)
    return clock.stop()
