"""One lock per key."""

import anyio

from roundhouse.workspace.locks import KeyedLocks


async def test_the_same_key_waits_and_another_does_not() -> None:
    """Two holders of one key never overlap; other keys go through."""
    locks = KeyedLocks()
    entered: list[str] = []
    inside = anyio.Event()
    leave = anyio.Event()

    async def first() -> None:
        async with locks.hold("a"):
            inside.set()
            await leave.wait()
            entered.append("first")

    async def second() -> None:
        async with locks.hold("a"):
            entered.append("second")

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first)
            await inside.wait()
            tasks.start_soon(second)
            async with locks.hold("b"):
                entered.append("other")
            leave.set()

    assert entered == ["other", "first", "second"]
    assert not locks._locks
