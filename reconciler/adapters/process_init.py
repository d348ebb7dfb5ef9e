"""Makes what `init` asks for, in front of a local op: a program of its own, started by the supervisor's shell.

It reads its plan (from process_init_plan) on standard input, as that may hold credentials, and says what it does on
standard output, the op's log. Nothing but the standard library is imported: this must start fast.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

_GIT_ENV = {
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
}


class InitFailed(Exception):
    """A step that failed; the text is a sentence for people."""


def main() -> int:
    """Run the steps of the plan on standard input; 0 if all went well, else 1 with a sentence in the failure file."""
    plan = json.load(sys.stdin.buffer)
    for step in plan["steps"]:
        print(f"headgate: {step['name']}", flush=True)
        try:
            _STEPS[step["kind"]](step, plan["cwd"])
        except (InitFailed, OSError, shutil.Error) as error:
            sentence = _sentence(step, error)
            print(f"headgate: {sentence}", flush=True)
            with open(plan["failure"], "w", encoding="utf-8") as file:
                file.write(sentence)
            return 1
    return 0


def _sentence(step: dict[str, Any], error: Exception) -> str:
    if isinstance(error, InitFailed):
        return f"{step['name']}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{step['name']}: {error.strerror}: {error.filename}."
    return f"{step['name']}: {error}."


def _make_file(step: dict[str, Any], cwd: str) -> None:
    os.makedirs(os.path.dirname(step["target"]), exist_ok=True)
    with open(step["target"], "w", encoding="utf-8") as file:
        file.write(step["content"])
    if step["mode"]:
        os.chmod(step["target"], int(step["mode"], 8))


def _copy(step: dict[str, Any], cwd: str) -> None:
    for source, target in step["pairs"]:
        if os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        elif os.path.isfile(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)
        else:
            raise InitFailed(f"there is no file or directory {source!r} to copy.")


def _clone(step: dict[str, Any], cwd: str) -> None:
    target = step["target"]
    env = {**os.environ, **_GIT_ENV, **step["env"]}
    flags = [part for flag in step["flags"] for part in flag.split()]
    fetch_flags = [flag for flag in flags if flag.startswith("--depth") or flag.isdigit() or flag == "--no-tags"]
    os.makedirs(target, exist_ok=True)
    _git(["init", "--quiet", "."], target, env)
    revision = step["revision"] or "HEAD"
    if _try_git(["fetch", "--quiet", *fetch_flags, "--", step["url"], revision], target, env):
        _git(["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"], target, env)
    else:  # servers need not serve a bare commit id: take all branches, then look it up
        heads = "+refs/heads/*:refs/remotes/origin/*"
        _git(["fetch", "--quiet", "--tags", "--", step["url"], heads], target, env)
        _git(["checkout", "--quiet", "--force", "--detach", revision, "--"], target, env)
    if "--recurse-submodules" in flags:
        _git(["submodule", "--quiet", "update", "--init", "--recursive"], target, env)


def _git(arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    done = _run_git(arguments, cwd, env)
    if done.returncode != 0:
        raise InitFailed(f"git {arguments[0]} failed: {_redacted(done.stderr)}")


def _try_git(arguments: list[str], cwd: str, env: dict[str, str]) -> bool:
    return _run_git(arguments, cwd, env).returncode == 0


def _run_git(arguments: list[str], cwd: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-c", "advice.detachedHead=false", *arguments],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )


def _redacted(text: str) -> str:
    words = text.strip()[-800:].split(" ")
    return " ".join(_without_user(word) for word in words)


def _without_user(word: str) -> str:
    scheme, found, rest = word.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}" if found and "@" in rest else word


def _run_command(step: dict[str, Any], cwd: str) -> None:
    code = subprocess.run(step["argv"], cwd=cwd, env=step["env"], stdin=subprocess.DEVNULL, check=False).returncode
    if code != 0:
        raise InitFailed(f"its command ended with exit code {code if code > 0 else 128 - code}.")


_STEPS = {"file": _make_file, "copy": _copy, "git": _clone, "command": _run_command}

if __name__ == "__main__":
    sys.exit(main())
