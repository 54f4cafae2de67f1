"""How large files and functions of the package are, against the limits that they are kept to.

    python benchmarks/structure.py

Lines of a file are all of its lines; lines of a function go from `def` to its end, docstring and blank lines counted,
decorators not. Exits with 1 where a limit is exceeded.
"""

import ast
import sys
from pathlib import Path
from statistics import median, quantiles

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "duetto"
MOST_FILE_LINES = 300
MOST_MEDIAN_LINES = 110
MOST_FUNCTION_LINES = 35  # of 95 % of the functions


def file_lengths(package: Path) -> dict[Path, int]:
    """Lines of every Python file that holds more than a docstring."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))}
    return {path: len(text.splitlines()) for path, text in texts.items() if len(ast.parse(text).body) > 1}


def function_lengths(package: Path) -> dict[str, int]:
    """Lines of every function and method, by file, line and name."""
    lengths = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path.relative_to(package)}:{node.lineno} {node.name}"
                lengths[place] = (node.end_lineno or node.lineno) - node.lineno + 1
    return lengths


def main() -> int:
    """Print the figures."""
    files, functions = file_lengths(PACKAGE), function_lengths(PACKAGE)
    lines = list(functions.values())
    p95 = quantiles(lines, n=20)[-1]
    longest = max(files, key=files.__getitem__)
    print(f"files: {len(files)}, median {median(files.values()):g} lines (at most {MOST_MEDIAN_LINES})")
    print(f"longest file: {longest.relative_to(PACKAGE)}, {files[longest]} lines (at most {MOST_FILE_LINES})")
    print(
        f"functions: {len(lines)}, median {median(lines):g}, 95 % at most {p95:g} lines (at most {MOST_FUNCTION_LINES})"
    )
    for place, length in sorted(functions.items(), key=lambda item: -item[1])[:5]:
        print(f"  {length:3d} {place}")
    is_kept = (
        files[longest] <= MOST_FILE_LINES and median(files.values()) <= MOST_MEDIAN_LINES and p95 <= MOST_FUNCTION_LINES
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
