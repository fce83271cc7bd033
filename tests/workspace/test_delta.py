"""What a turn changed."""

import pytest

from tests.workspace.conftest import Bench

LINES = "".join(f"line {number}\n" for number in range(40))


async def test_every_operation_is_told_with_its_counts(bench: Bench) -> None:
    """Creation, edit, deletion, rename, mode, link."""
    (bench.path / "old name").write_text(LINES)
    (bench.path / "tool").write_text("x\n")
    (bench.path / "becomes link").write_text("text\n")
    first = await bench.take()
    (bench.path / "old name").unlink()
    (bench.path / "new name").write_text(LINES.replace("line 7\n", "seven\n"))
    (bench.path / "README.md").unlink()
    (bench.path / "src" / "app.py").write_text('def main():\n    print("bye")\n    return 1\n')
    (bench.path / "src" / "new.py").write_text("1\n2\n")
    (bench.path / "tool").chmod(0o755)
    (bench.path / "becomes link").unlink()
    (bench.path / "becomes link").symlink_to("tool")
    await bench.take()

    deltas = {delta.file_path: delta for delta in await bench.deltas(first.commit)}
    told = {
        path: (delta.operation, delta.old_path, delta.additions, delta.deletions)
        for path, delta in deltas.items()
    }
    assert told == {
        "README.md": ("delete", None, 0, 1),
        "becomes link": ("edit", None, 1, 1),
        "new name": ("rename", "old name", 1, 1),
        "src/app.py": ("edit", None, 2, 1),
        "src/new.py": ("create", None, 2, 0),
        "tool": ("edit", None, 0, 0),
    }
    assert "rename from old name" in deltas["new name"].patch
    assert '-    print("hello")\n+    print("bye")\n' in deltas["src/app.py"].patch
    assert "new mode 100755" in deltas["tool"].patch
    assert "new file mode 120000" in deltas["becomes link"].patch


async def test_binary_and_large_files_are_flagged(bench: Bench) -> None:
    """A patch over 1 MB is replaced by a note, and still counted."""
    (bench.path / "pic").write_bytes(bytes(range(256)))
    (bench.path / "big").write_text("x" * 99 + "\n" * 1)
    (bench.path / "huge").write_text(("x" * 99 + "\n") * 12_000)
    (bench.path / "rewritten").write_text(("a" * 99 + "\n") * 7_000)
    first = await bench.take()
    (bench.path / "rewritten").write_text(("b" * 99 + "\n") * 7_000)
    (bench.path / "huge").unlink()
    await bench.take()

    base = {delta.file_path: delta for delta in await bench.deltas()}
    turn = {delta.file_path: delta for delta in await bench.deltas(first.commit)}
    assert (base["pic"].binary, base["pic"].too_large) == (True, False)
    assert (base["big"].binary, base["big"].too_large) == (False, False)
    assert (turn["huge"].too_large, turn["huge"].deletions) == (True, 12_000)
    assert (turn["rewritten"].too_large, turn["rewritten"].additions) == (True, 7_000)
    assert "left out" in turn["huge"].patch
    assert len(turn["rewritten"].patch) < 100


async def test_a_patch_is_text_that_a_database_can_hold(bench: Bench) -> None:
    """No NUL, no broken encoding."""
    (bench.path / "odd").write_bytes(b"x" * 9000 + b"\n\0 late nul \xff\n")
    await bench.take()

    [delta] = await bench.deltas()
    assert not delta.binary
    assert "\0" not in delta.patch
    delta.patch.encode()


@pytest.mark.parametrize(
    "setting", ["diff.noprefix=true", "diff.mnemonicPrefix=true", "color.ui=always"]
)
async def test_the_users_settings_do_not_change_what_we_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """They are for people's eyes."""
    home = bench.data / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    await bench.git("config", "--global", *setting.split("="))
    (bench.path / "README.md").write_text("edited\n")
    await bench.take()

    [delta] = await bench.deltas()
    assert delta.file_path == "README.md"
    assert delta.patch.startswith("diff --git a/README.md b/README.md\n")
    [file] = (await bench.changes()).files
    assert len(file.hunks) == 1
