"""Cases that leak on purpose, so that the harness is known to see it."""

from refs_harness import case, main

from bocpy import Cown, when

kept: list[object] = []
watched = object()


@case(watched)
def leaks_reference_in_main() -> None:
    kept.append(watched)


@case()
def leaks_cown() -> None:
    kept.append(Cown(1))


@case()
def leaks_bytes() -> None:
    # The value is in the cown, in C memory.
    kept.append(Cown(bytes(500)))


@case()
def leaks_in_worker() -> None:
    @when()
    def behavior():
        import sys

        sys.modules.setdefault("leaky", []).append([])  # type: ignore[arg-type]


@case()
def leaks_nothing() -> None:
    Cown([1])


if __name__ == "__main__":
    main(1)
