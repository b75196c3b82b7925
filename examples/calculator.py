"""Calculate together: a server with a total, and clients that send it operations.

Plain threads and messages, no cowns. The server matches on the tag of what it receives. With a
timeout it ends by itself when nothing came for that long; without one, main tells it to stop.
"""

import argparse
import random
import threading
import time
from typing import Any

from bocpy import TIMEOUT, receive, send

from ._options import not_negative, positive

# Divisors closer to zero than this are not sent: the total would leave the range of sense.
LEAST_DIVISOR = 0.1


def serve(timeout: float, finished: threading.Event) -> None:
    """Keep the total until told to print it, or until *timeout* seconds have passed in silence."""
    total, operations = 0.0, 0

    def give_up() -> tuple[str, Any]:
        print("Timed out")
        return ("print", None)

    while True:
        match receive(["operation", "print"], timeout, give_up):
            case ("operation", ("+", value)):
                total += value
            case ("operation", ("-", value)):
                total -= value
            case ("operation", ("*", value)):
                total *= value
            case ("operation", ("/", value)):
                total /= value
            case ("print", _):
                break
            case (tag, contents):
                raise ValueError(f"not an operation: {tag} {contents}")
        operations += 1
    print(f"operations: {operations}")
    print(f"final value: {total:g}")
    finished.set()


def calculate(count: int, chance: random.Random, pause: float) -> None:
    """Send *count* random operations, each after up to *pause* seconds."""
    for _ in range(count):
        time.sleep(chance.uniform(0, pause))
        operator = chance.choice("+-*/")
        value = chance.uniform(-5, 5)
        while operator == "/" and abs(value) < LEAST_DIVISOR:
            value = chance.uniform(-5, 5)
        send("operation", (operator, value))
    send("done", None)


def wait_for_clients(count: int, finished: threading.Event) -> None:
    """Return when all clients are done, or the server has given up."""
    while count > 0 and not finished.is_set():
        tag, _ = receive("done", 0.1)
        count -= tag != TIMEOUT


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(
        prog="bocpy-calculator", description="Threads send operations to a calculator."
    )
    parser.add_argument("-n", "--num-clients", type=positive, default=8, help="clients (8)")
    parser.add_argument(
        "-a", "--num-operations", type=not_negative, default=10, help="operations each (10)"
    )
    parser.add_argument(
        "-t", "--timeout", type=float, default=-1, help="seconds of silence to end after (never)"
    )
    parser.add_argument("--pause", type=float, default=0.1, help="longest pause in seconds (0.1)")
    parser.add_argument("--seed", type=int, default=None, help="makes the operations repeatable")
    options = parser.parse_args()
    if not 0 <= options.pause <= 3600:
        parser.error("argument --pause: must be between 0 and 3600 seconds")

    print(f"clients: {options.num_clients}")
    print(f"operations per client: {options.num_operations}")
    finished = threading.Event()
    server = threading.Thread(target=serve, args=(options.timeout, finished), daemon=True)
    server.start()
    chance = random.Random(options.seed)
    for _ in range(options.num_clients):
        arguments = (options.num_operations, random.Random(chance.random()), options.pause)
        threading.Thread(target=calculate, args=arguments, daemon=True).start()
    wait_for_clients(options.num_clients, finished)
    if options.timeout < 0:
        send("print", None)
    server.join()


if __name__ == "__main__":
    main()
