"""What README says works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
SMALL = ("--corpus", "planted", "--max-words", "60000", "--dim", "10", "--epochs", "1")


def test_a_new_sampler_is_a_row_of_the_table(tmp_path: Path) -> None:
    section = README.read_text().partition("## A new sampler\n")[2].partition("\n## ")[0]
    (program,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len([line for line in program.splitlines() if line.strip()]) < 30
    (tmp_path / "mine.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "mine.py", *SMALL, "--outputs", "negative-sampling", "--seeds", "1"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\| NEG +\| two-tiers +\| +[*\d]", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^\| NEG +\| unigram\^0.75 +\| +[*\d]", done.stdout, re.MULTILINE)
    assert (tmp_path / "results/compare/table.md").exists()


def test_what_readme_imports_is_there() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    imports = [line for block in blocks for line in block.splitlines() if "import " in line]
    assert len(imports) > 8
    exec("\n".join(imports), {})


def test_a_few_lines_give_a_model_a_sampled_softmax(tmp_path: Path) -> None:
    section = README.read_text().partition("## In a model of your own\n")[2]
    program, towers = re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    ours = [line for line in program.splitlines() if re.search(r"w2vjax|nn\.S|samplers|head", line)]
    assert len(ours) <= 5 and all(re.search(r"  # \d$", line) for line in ours)
    (tmp_path / "own.py").write_text(program + towers + "assert nats.shape == following.shape")
    command = [sys.executable, "own.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[0-4]\.\d\d nats; 100% right\n", done.stdout), done.stdout
