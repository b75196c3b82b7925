"""Transfer money between two accounts.

A transfer is one behavior over two cowns: it sees and changes both accounts at once, whatever else
is going on. What is printed goes through a third cown, the teller's counter, so the lines come in
the order in which the behaviors were scheduled.
"""

import argparse
from dataclasses import dataclass

from bocpy import Cown, wait, when

from ._options import add_runtime_options, not_negative, start_runtime


@dataclass
class Account:
    """A bank account; nothing moves to or from a frozen one."""

    name: str
    balance: int
    frozen: bool = False


def show(label: str, account: Cown[Account], counter: Cown[int]) -> None:
    """Schedule a look at *account*, printed at *counter*, which counts the lines."""

    @when(account, counter)
    def shown(account: Cown[Account], counter: Cown[int]) -> None:
        counter.value += 1
        print(f"{label}: {account.value}")


def transfer(
    amount: int, source: Cown[Account], target: Cown[Account], counter: Cown[int]
) -> Cown[bool]:
    """Schedule a transfer, and a look at each account afterwards.

    Returns:
        A cown that will hold whether the money was moved.
    """

    @when(source, target, counter)
    def moved(source: Cown[Account], target: Cown[Account], counter: Cown[int]) -> bool:
        giver, taker = source.value, target.value
        print(f"transfer of {amount} from {giver.name} to {taker.name}")
        allowed = giver.balance >= amount and not (giver.frozen or taker.frozen)
        if allowed:
            giver.balance -= amount
            taker.balance += amount
        print("success" if allowed else "failure")
        counter.value += 2
        show("after", source, counter)
        show("after", target, counter)
        return allowed

    return moved


def main(amount: int | None = None) -> None:
    """Run the program.

    Args:
        amount: money to transfer; by default the option on the command line says it.

    Raises:
        ValueError: if *amount* is negative.
    """
    parser = argparse.ArgumentParser(
        prog="bocpy-bank", description="Transfer money from Alice, who has 100, to Bob."
    )
    parser.add_argument(
        "-a", "--amount", type=not_negative, default=50, help="money to transfer (50)"
    )
    add_runtime_options(parser)
    options = parser.parse_args() if amount is None else parser.parse_args([])
    moved: int = options.amount if amount is None else amount
    if moved < 0:
        raise ValueError(f"cannot transfer a negative amount: {moved}")
    start_runtime(options)
    alice = Cown(Account("Alice", 100))
    bob = Cown(Account("Bob", 0))
    counter = Cown(0)
    show("before", alice, counter)
    show("before", bob, counter)
    transfer(moved, alice, bob, counter)
    wait()


if __name__ == "__main__":
    main()
