# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a PowerShell file as a list of what it uses: commands, parameters, variables, members.

tree-sitter-pwsh approximates PowerShell's grammar: a file without an error here may still be wrong,
one with an error may still be right. Our files keep to what it reads, so that nothing escapes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter
import tree_sitter_pwsh

LANGUAGE = tree_sitter.Language(tree_sitter_pwsh.language())
REQUIRES = re.compile(r"^#AnsibleRequires -PowerShell \.\.module_utils\.(\w+)", re.MULTILINE)
# $name, $name.key and $name['key'] on the left of an assignment.
ASSIGNED = re.compile(r"\$(?P<variable>[\w:]+)(?:\.(?P<member>\w+)|\[['\"](?P<index>\w+)['\"]\])?")
SCOPES = {"function_statement", "script_block_expression"}
SPLATTED = re.compile(r"@[\w:]+")


@dataclass(frozen=True, slots=True)
class Use:
    """One call of a command: names as written, without their dash."""

    line: int
    command: str
    parameters: tuple[str, ...]
    arguments: tuple[str, ...]  # values and positions, as written
    unknown_splats: tuple[str, ...]  # splatted variables that are no literal hashtable in sight


@dataclass(frozen=True, slots=True)
class Mention:
    """A variable, a static member, an operator or a block, and where it stands."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """What one file defines and uses."""

    path: Path
    text: str
    uses: tuple[Use, ...]
    functions: dict[str, frozenset[str]]  # lower-case name: lower-case parameters
    exports: frozenset[str]
    requires: frozenset[str]  # module_utils by file stem
    variables: tuple[Mention, ...]
    texts: tuple[Mention, ...]  # string literals, quotes included
    assigned: tuple[Mention, ...]  # variables that get a value
    members: tuple[Mention, ...]  # [Type]::Member
    syntax: tuple[Mention, ...]  # node types and operators that a rule may forbid
    errors: tuple[int, ...]  # lines that were not understood


def read_source(path: Path) -> Source:
    """Parse the file at *path*."""
    return _Reader(path).source()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.raw = path.read_bytes()
        self.root = tree_sitter.Parser(LANGUAGE).parse(self.raw).root_node
        self.nodes = list(_walk(self.root))

    def source(self) -> Source:
        text = self.raw.decode("utf-8")
        uses = tuple(
            use
            for node in self.nodes
            if node.type == "command" and (use := self.use(node)) is not None
        )
        exported = {
            name
            for use in uses
            if use.command.lower() == "export-modulemember"
            for name in re.findall(r"[\w-]+-\w+", self.export_text(use))
        }
        return Source(
            path=self.path,
            text=text,
            uses=uses,
            functions=dict(
                self.function(node) for node in self.nodes if node.type == "function_statement"
            ),
            exports=frozenset(name.lower() for name in exported),
            requires=frozenset(REQUIRES.findall(text)),
            variables=tuple(self.mentions("variable")),
            texts=tuple(self.mentions("string_literal")),
            assigned=tuple(self.assigned()),
            members=tuple(self.static_members()),
            syntax=tuple(self.syntax()),
            errors=tuple(_line(node) for node in self.nodes if node.is_error or node.is_missing),
        )

    def read(self, node: tree_sitter.Node) -> str:
        return self.raw[node.start_byte : node.end_byte].decode("utf-8")

    def use(self, node: tree_sitter.Node) -> Use | None:
        name = next((child for child in node.children if child.type == "command_name"), None)
        if name is None:  # & $script, . $file: what runs is not known before run time
            return None
        elements = [
            element
            for part in node.children
            if part.type == "command_elements"
            for element in part.named_children
        ]
        parameters = [self.read(part)[1:] for part in elements if part.type == "command_parameter"]
        plain = [
            self.read(part)
            for part in elements
            if part.type not in {"command_parameter", "command_argument_sep"}
        ]
        unknown = []
        for value in plain:
            if not SPLATTED.fullmatch(value):
                continue
            keys = self.splatted_keys(value[1:], node)
            parameters += sorted(keys)
            if not keys:
                unknown.append(value)
        arguments = tuple(value for value in plain if not SPLATTED.fullmatch(value))
        return Use(_line(node), self.read(name), tuple(parameters), arguments, tuple(unknown))

    def splatted_keys(self, name: str, call: tree_sitter.Node) -> set[str]:
        """Return every key that the hashtable *name* may have at *call*, as far as it is written.

        The nearest function or script block that assigns it decides; a parameter has the keys of
        the literals that calls of its function pass.
        """
        scopes = [node for node in _parents(call) if node.type in SCOPES]
        for scope in [*scopes, self.root]:
            if keys := self.assigned_keys(name, scope):
                return keys
            if scope.type == "function_statement" and name.lower() in self.function(scope)[1]:
                return self.passed_keys(self.function(scope)[0])
        return set()

    def assigned_keys(self, name: str, scope: tree_sitter.Node) -> set[str]:
        keys: set[str] = set()
        for node in _walk(scope):
            if node.type != "assignment_expression":
                continue
            target = ASSIGNED.fullmatch(self.read(node.named_children[0]))
            if target is None or target["variable"].lower() != name.lower():
                continue
            key = target["member"] or target["index"]
            keys |= {key} if key else self.literal_keys(node)
        return keys

    def passed_keys(self, function: str) -> set[str]:
        calls = [
            node
            for node in self.nodes
            if node.type == "command" and self.read(node.children[0]).lower() == function
        ]
        return {key for call in calls for key in self.literal_keys(call)}

    def literal_keys(self, root: tree_sitter.Node) -> set[str]:
        """Return the keys of the hashtables written in *root*, without those inside others."""
        keys: set[str] = set()
        pending = [(root, 0)]
        while pending:
            node, depth = pending.pop()
            depth += node.type == "hash_literal_expression"
            if node.type == "key_expression" and depth == 1:
                keys.add(self.read(node).strip("'\""))
            pending += [(child, depth) for child in node.children]
        return keys

    def function(self, node: tree_sitter.Node) -> tuple[str, frozenset[str]]:
        name = next(self.read(part) for part in node.children if part.type == "function_name")
        own = {
            self.read(variable).lstrip("$").lower()
            for parameter in _walk(node)
            if parameter.type == "script_parameter" and _enclosing_function(parameter) == node
            for variable in _declared(parameter)
        }
        return name.lower(), frozenset(own)

    def export_text(self, use: Use) -> str:
        """Return the names given to Export-ModuleMember, through one variable if there is one."""
        text = " ".join(use.arguments)
        for name in re.findall(r"\$(\w+)", text):
            found = re.search(rf"\${name}\s*=\s*@\((.*?)\)", self.raw.decode("utf-8"), re.DOTALL)
            text += found[1] if found else ""
        return text

    def mentions(self, kind: str) -> Iterator[Mention]:
        for node in self.nodes:
            if node.type == kind:
                yield Mention(_line(node), self.read(node))

    def assigned(self) -> Iterator[Mention]:
        """Yield what an assignment, a loop or a parameter binds; members and keys are not bound."""
        for node in self.nodes:
            if node.type == "left_assignment_expression":
                yield Mention(_line(node), self.read(node))
            elif node.type in {"foreach_statement", "script_parameter"}:
                for part in node.children:
                    if part.type == "variable":
                        yield Mention(_line(part), self.read(part))

    def static_members(self) -> Iterator[Mention]:
        for node in self.nodes:
            if node.type in {"invocation_expression", "member_access"}:
                named = node.named_children
                if len(named) > 1 and named[0].type == "type_literal":
                    kind = self.read(named[0]).strip("[]").removeprefix("System.")
                    yield Mention(_line(node), f"{kind}::{self.read(named[1])}")

    def syntax(self) -> Iterator[Mention]:
        for node in self.nodes:
            if node.type in {"assignment_operator", "block_name"}:
                yield Mention(_line(node), self.read(node))
            elif node.type in {"&&", "||", "null_coalesce_expression", "ternary_expression"}:
                yield Mention(_line(node), node.type)


def _line(node: tree_sitter.Node) -> int:
    return node.start_point[0] + 1


def _declared(parameter: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the variable of *parameter*, and those that the grammar takes for its default.

    In ``[int]$A = 1, [int]$B`` it sees a default of two values.
    """
    for part in parameter.children:
        if part.type == "variable":
            yield part
        elif part.type == "script_parameter_default":
            for values in _walk(part):
                if values.type == "array_literal_expression":
                    for value in values.named_children[1:]:
                        yield from [node for node in _walk(value) if node.type == "variable"][-1:]


def _walk(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.children))


def _parents(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    while (parent := node.parent) is not None:
        yield parent
        node = parent


def _enclosing_function(node: tree_sitter.Node) -> tree_sitter.Node | None:
    return next((item for item in _parents(node) if item.type == "function_statement"), None)
