"""What the tasks of peer_tasks.py do; other processes and interpreters import it.

Values cross to where a step runs and come back: a step gets values and returns the new ones.
"""

from shape_tools import work


def add_one(value):
    return (value + 1,)


def add_difference(value, two, one):
    return (value + two - one,)


def add_to_each(*values):
    return tuple(value + 1 for value in values)


def work_and_add(value):
    work()
    return (value + 1,)


def add_results(_, one, two):
    return one + two, one, two


def write(_, number):
    return (number,)


def move(giver, taker, amount):
    giver.balance -= amount
    taker.balance += amount
    giver.moves += 1
    return giver, taker


def change_first(values):
    values[0] += 1
    return (values,)


def change_key(values):
    values["key 7"] += 1
    return (values,)


def change_account(account):
    account.moves += 1
    return (account,)


def read_byte(data, at):
    return data[at]


def give(number):
    return number
