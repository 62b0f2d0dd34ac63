import asyncio
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.errors import StoreError
from foundation.model.messages import ChatReply
from foundation.model.replies import Replies

REPLY = ChatReply("text", tokens_in=3, tokens_out=5, finish="length")


def put(replies: Replies, count: int, run: str = "r", start: int = 0) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(
            *(
                replies.put(f"{run}{number}".encode(), {"run": run, "call": f"c{number}", "more": ["ä"]}, REPLY)
                for number in range(start, start + count)
            )
        )

    asyncio.run(all_at_once())


def test_a_reply_comes_back_as_it_was_put(tmp_path: Path) -> None:
    with Replies(tmp_path / "deep" / "replies.sqlite") as replies:
        put(replies, 1)
        found = replies.get(b"r0")
        assert found == ChatReply("text", tokens_in=3, tokens_out=5, finish="length", from_cache=True)
        assert replies.get(b"r1") is None


def test_replies_survive_the_process_and_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    with Replies(path) as replies:
        put(replies, 1)
        asyncio.run(replies.put(b"r0", {}, ChatReply("another")))
    with Replies(path) as replies:
        found = replies.get(b"r0")
        assert found is not None
        assert found.text == "text"


def test_the_replies_of_a_run_come_in_order_with_their_tags(tmp_path: Path) -> None:
    with Replies(tmp_path / "replies.sqlite") as replies:
        put(replies, 3, "a")
        put(replies, 2, "b")
        put(replies, 2, "a", start=3)
        rows = list(replies.of_run("a"))
        assert [tag["call"] for tag, _ in rows] == ["c0", "c1", "c2", "c3", "c4"]
        assert rows[0][0] == {"run": "a", "call": "c0", "more": ["ä"]}
        assert all(reply.text == "text" and reply.from_cache for _, reply in rows)
        assert list(replies.of_run("none")) == []


def test_facts_are_kept(tmp_path: Path) -> None:
    with Replies(tmp_path / "replies.sqlite") as replies:
        assert replies.fact("a") is None
        replies.remember("a", "1")
        replies.remember("a", "2")
        assert replies.fact("a") == "2"


def test_waiting_puts_share_a_commit(tmp_path: Path) -> None:
    with Replies(tmp_path / "replies.sqlite") as replies:
        commits: list[str] = []
        original = replies._connect

        def connect() -> sqlite3.Connection:
            connection = original()
            connection.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
            return connection

        replies._connect = connect  # type: ignore[method-assign]  # to count commits
        put(replies, 500)
        assert 1 <= len(commits) < 50


def test_a_reply_is_on_disk_when_put_returns(tmp_path: Path) -> None:
    """The process ends without closing anything right after put returned."""
    path = tmp_path / "replies.sqlite"
    code = f"""
import asyncio, os
from pathlib import Path
from foundation.model.messages import ChatReply
from foundation.model.replies import Replies
replies = Replies(Path({str(path)!r})).open()
async def main():
    await asyncio.gather(*(replies.put(b'%d' % i, {{'run': 'r'}}, ChatReply('t')) for i in range(50)))
    os._exit(9)
asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with Replies(path) as replies:
        assert len(list(replies.of_run("r"))) == 50


def test_many_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    code = """
import asyncio, sys
from pathlib import Path
from foundation.model.messages import ChatReply
from foundation.model.replies import Replies
async def main():
    with Replies(Path(sys.argv[1])) as replies:
        for i in range(40):
            await replies.put(f'{sys.argv[2]}-{i}'.encode(), {'run': 'r'}, ChatReply('t'))
asyncio.run(main())
"""
    children = [subprocess.Popen([sys.executable, "-c", code, str(path), str(number)]) for number in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    with Replies(path) as replies:
        assert len(list(replies.of_run("r"))) == 160


def test_close_writes_what_still_waits(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"

    async def interrupted() -> None:
        replies = Replies(path).open()
        tasks = [asyncio.create_task(replies.put(b"%d" % n, {"run": "r"}, REPLY)) for n in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        replies.close()

    asyncio.run(interrupted())
    with Replies(path) as replies:
        assert len(list(replies.of_run("r"))) == 20


def test_a_full_disk_names_the_file_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    with Replies(path) as replies:
        put(replies, 10)
    big = ChatReply("x" * 200_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Replies(path) as replies:
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (300_000, hard)
        )  # a file that cannot grow: SQLite says disk I/O error
        try:
            with pytest.raises(StoreError, match=r"replies\.sqlite: the disk") as caught:
                asyncio.run(_put_many(replies, big))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert caught.value.hint
        asyncio.run(replies.put(b"after", {"run": "r"}, REPLY))  # there is room again
    with Replies(path) as replies:
        assert replies.get(b"r0") is not None
        assert replies.get(b"after") is not None


async def _put_many(replies: Replies, reply: ChatReply) -> None:
    for number in range(20):
        await replies.put(f"big{number}".encode(), {"run": "r"}, reply)


@pytest.mark.parametrize("content", [b"not a database, but a text that is longer than a header of a hundred bytes" * 9])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"replies\.sqlite: not a reply cache") as caught:
        Replies(path).open()
    assert "Move the file away" in caught.value.hint


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    Replies(path).open().close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        Replies(path).open()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Replies(tmp_path / "file" / "replies.sqlite").open()
