"""Reading patch text."""

import pytest

from roundhouse.workspace.diff import hunk_ids, parse_log, parse_patch, shown, unquote, whole_files

PATCH = b"""diff --git a/a file b/a file
index 1..2 100644
--- a/a file\t
+++ b/a file\t
@@ -1,3 +1,3 @@ def x
 one
-two
+2
 three
@@ -10 +10,2 @@
-ten
\\ No newline at end of file
+10
+--- not a header
diff --git "a/new\\nline" "b/new\\nline"
new file mode 100755
index 0..1
diff --git a/old b/new name
similarity index 90%
rename from old
rename to new name
index 1..2
--- a/old
+++ b/new name\t
@@ -0,0 +1 @@
+x
diff --git a/pic.png b/pic.png
index 1..2 100644
Binary files a/pic.png and b/pic.png differ
"""


def test_files_hunks_and_line_numbers() -> None:
    """Every kind of file in one patch."""
    plain, empty, renamed, binary = parse_patch(PATCH)

    assert plain.path == b"a file"
    assert [(line.kind, line.old, line.new) for line in plain.hunks[0].lines] == [
        ("context", 1, 1),
        ("delete", 2, None),
        ("add", None, 2),
        ("context", 3, 3),
    ]
    assert [line.text for line in plain.hunks[1].lines] == [b"ten", b"10", b"--- not a header"]
    assert (empty.path, empty.hunks) == (b"new\nline", [])
    assert (renamed.old_path, renamed.path) == (b"old", b"new name")
    assert (binary.path, binary.binary) == (b"pic.png", True)
    assert b"".join(file.raw for file in (plain, empty, renamed, binary)) == PATCH


def test_carriage_returns_and_odd_bytes_stay() -> None:
    """A line ends at its line feed and nowhere else."""
    text = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\r\n+\x0cb\u2028c\xff\n"
    [file] = parse_patch(text.encode("latin-1", "replace"))

    assert [line.text for line in file.hunks[0].lines] == [b"a\r", b"\x0cb?c\xff"]


def test_lines_with_a_commit_tell_whose_files_follow() -> None:
    """The output of `diff-tree --stdin`; a line that looks like a commit inside a file is a line."""
    name = b"a" * 40
    patch = b"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+" + name + b"\n"
    found = list(parse_log(name + b"\n" + patch + b"b" * 40 + b"\n" + patch))

    assert [(commit, len(file.hunks)) for commit, file in found] == [("a" * 40, 1), ("b" * 40, 1)]


@pytest.mark.parametrize("end", range(0, len(PATCH), 7))
def test_of_a_patch_that_was_cut_off_the_whole_files_are_used(end: int) -> None:
    """A bound may fall anywhere."""
    files = parse_patch(whole_files(PATCH[:end]))

    assert files == parse_patch(PATCH)[: len(files)]


def test_quoted_names() -> None:
    """git's C-style quoting."""
    assert unquote(rb'"a\"b\\c\n\303\244"') == 'a"b\\c\nä'.encode()
    assert unquote(b"plain") == b"plain"


def test_paths_that_are_not_utf8_are_shown_all_the_same() -> None:
    """Text that JSON and PostgreSQL can hold."""
    assert shown(b"a\xff/b") == "a\\xff/b"


def test_hunk_ids_come_from_content_and_not_from_place() -> None:
    """A hunk keeps its id when lines above it move; equal hunks of a file differ."""
    [file, *_] = parse_patch(PATCH)
    moved = parse_patch(PATCH.replace(b"@@ -10 +10,2 @@", b"@@ -99 +99,2 @@"))[0]
    changed = parse_patch(PATCH.replace(b"+10\n", b"+11\n"))[0]

    assert hunk_ids(b"f", file.hunks) == hunk_ids(b"f", moved.hunks)
    assert hunk_ids(b"f", file.hunks)[1] != hunk_ids(b"f", changed.hunks)[1]
    assert len(set(hunk_ids(b"f", [*file.hunks, *file.hunks]))) == 4
    assert hunk_ids(b"f", file.hunks) != hunk_ids(b"g", file.hunks)
