"""Scripts that make a shell complete what is typed, from the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from symgrad.commands.command import FILE_OF_A_FORMULA, Command
from symgrad.commands.parsing import options_of

_FORMULA_FILES = f"*{FILE_OF_A_FORMULA}"
_FILES: Mapping[str, str] = {
    **dict.fromkeys(("FORMULA", "OLD", "NEW"), _FORMULA_FILES),
    "FILE": "*",
    "FOLDER": "/",
}
"""Which files complete an argument, by what help calls it; "/" are folders alone."""

_GLOBAL = ("--help", "--version")


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument: its flags, none for a positional one, and what completes its value."""

    flags: tuple[str, ...]
    about: str
    label: str
    has_value: bool
    repeats: bool
    files: str
    words: tuple[str, ...]


def _arguments(command: Command, topics: tuple[str, ...]) -> Iterator[_Argument]:
    for names, settings in options_of(command):
        label = str(settings.get("metavar", ""))
        flags = names if names[0].startswith("-") else ()
        yield _Argument(
            flags,
            str(settings["help"]),
            label,
            settings.get("action") != "store_true",
            settings.get("nargs") == "*" or settings.get("action") == "append",
            _FILES.get(label, ""),
            _words(label if flags else names[0], settings, topics),
        )


def _words(name: str, settings: Mapping[str, Any], topics: tuple[str, ...]) -> tuple[str, ...]:
    """The values that there are, where they can be listed."""
    if name == "names":
        from symgrad.functions import builtin_functions

        return tuple(name for name in builtin_functions() if not name.startswith("_"))
    return topics if name == "topic" else tuple(settings.get("choices", ()))


def bash(commands: Mapping[str, Command], topics: tuple[str, ...]) -> str:
    """For `eval "$(symgrad completion bash)"`; see Bash Reference Manual, 8.6."""
    cases = []
    for name, command in commands.items():
        given = list(_arguments(command, topics))
        free = [argument for argument in given if not argument.flags]
        flags = " ".join([*(flag for a in given for flag in a.flags), "--help"])
        words = " ".join(w for a in free for w in a.words)
        pattern = next((a.files for a in free if a.files), "")
        valued = [argument for argument in given if argument.flags and argument.has_value]
        cases.append(f"        {name})\n            case $before in")
        cases += [
            f"                {' | '.join(a.flags)}) words='{' '.join(a.words)}' files='{a.files}'"
            " ;;"
            for a in valued
        ]
        cases.append(f"                *) words='{words}' files='{pattern}' flags='{flags}' ;;")
        cases.append("            esac\n            ;;")
    first = f"            words='{' '.join([*commands, *_GLOBAL])}'"
    return _BASH.replace("@FIRST@", first.strip()).replace("@CASES@", "\n".join(cases))


_BASH = """\
# Completes the arguments of symgrad in bash: eval "$(symgrad completion bash)"
_symgrad() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} words='' files='' flags=''
    ((COMP_CWORD > 1)) || command=''
    case $command in
        '') @FIRST@ ;;
@CASES@
    esac
    [[ $current != -* || -z $flags ]] || words=$flags
    local IFS=$'\\n'
    COMPREPLY=($(compgen -W "${words// /$'\\n'}" -- "$current"))
    if [[ -n $files && $current != -* ]]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -d -- "$current"))
        [[ $files == / ]] || COMPREPLY+=($(compgen -f -X "!$files" -- "$current"))
    fi
}
complete -F _symgrad symgrad
"""


def zsh(commands: Mapping[str, Command], topics: tuple[str, ...]) -> str:
    """For a file `_symgrad` on the path of functions; see the manual of zsh, 20.2."""
    about = "\n".join(
        f"    {_quoted(f'{name}:{command.about}')}" for name, command in commands.items()
    )
    cases = []
    for name, command in commands.items():
        cases += [f"    {name})", "      _arguments \\"]
        cases += [f"        {_zsh_argument(a)} \\" for a in _arguments(command, topics)]
        cases.append("        '--help[show what it takes]'\n      ;;")
    return _ZSH.replace("@COMMANDS@", about).replace("@CASES@", "\n".join(cases))


_ZSH = """\
#compdef symgrad
# Completes the arguments of symgrad in zsh: eval "$(symgrad completion zsh)"
_symgrad() {
  local -a commands
  commands=(
@COMMANDS@
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
@CASES@
  esac
}
if [[ $funcstack[1] == _symgrad ]]; then
  _symgrad "$@"
else
  compdef _symgrad symgrad
fi
"""


def _zsh_argument(argument: _Argument) -> str:
    action = f"({' '.join(argument.words)})" if argument.words else ""
    if argument.files:
        action = {"*": "_files", "/": "_files -/"}.get(argument.files, '_files -g "*.sg(-.)"')
    value = f":{argument.label.replace(':', '')}:{action}" if argument.has_value else ""
    if not argument.flags:
        return _quoted(f"{'*' if argument.repeats else ''}{value}")
    about = argument.about.replace("[", "(").replace("]", ")").replace(":", ",")
    if len(argument.flags) == 1:
        return _quoted(f"{'*' * argument.repeats}{argument.flags[0]}[{about}]{value}")
    together = " ".join(argument.flags)
    return f"'({together})'{{{','.join(argument.flags)}}}{_quoted(f'[{about}]{value}')}"


def fish(commands: Mapping[str, Command], topics: tuple[str, ...]) -> str:
    """For `symgrad completion fish | source`; see fish's documentation of `complete`."""
    lines = ["# Completes the arguments of symgrad in fish: symgrad completion fish | source"]
    lines.append("complete -c symgrad -f")
    for name, command in commands.items():
        lines.append(
            f"complete -c symgrad -n __fish_use_subcommand -a {name} -d {_quoted(command.about)}"
        )
    for name, command in commands.items():
        for argument in _arguments(command, topics):
            place = f"complete -c symgrad -n '__fish_seen_subcommand_from {name}'"
            flags = "".join(
                f" -l {flag[2:]}" if flag.startswith("--") else f" -s {flag[1:]}"
                for flag in argument.flags
            )
            given = f" -a {_quoted(' '.join(argument.words))}" if argument.words else ""
            if argument.files:
                given = f" -k -a '({_FISH_FILES.get(argument.files, _FISH_FORMULAS)})'"
            if not flags:
                lines += [f"{place}{given}"] if given else []
                continue
            takes = " -x" if argument.has_value else ""
            lines.append(f"{place}{flags}{takes}{given} -d {_quoted(argument.about)}")
    return "\n".join(lines) + "\n"


_FISH_FORMULAS = f"__fish_complete_suffix {FILE_OF_A_FORMULA}"
_FISH_FILES = {"*": "__fish_complete_path (commandline -ct)", "/": "__fish_complete_directories"}


def _quoted(text: str) -> str:
    """A word in single quotes; what it cannot hold is left out."""
    return f"'{text.replace(chr(39), '')}'"


SCRIPTS: Mapping[str, Callable[[Mapping[str, Command], tuple[str, ...]], str]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}
"""The shells, and what makes a script for each."""
