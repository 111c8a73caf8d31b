"""Which functions of the package lead to which, read from the source by their names.

A node is ``module:name``, a function, class or constant of a module, or ``module:Class.method``. An attribute leads to
every method of that name in a class that the function's module knows, however far: more than is called, never less.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MADE = ("__init__", "__post_init__", "__new__")


class Calls:
    """The graph of a package.

    Parameters
    ----------
    package : Path
        Its folder.
    """

    def __init__(self, package: Path) -> None:
        self.trees: dict[str, ast.Module] = {}
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            self.trees[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
        self._packages = {
            ".".join(path.relative_to(package.parent).parts[:-1]) for path in package.rglob("__init__.py")
        }
        self.bodies: dict[str, list[ast.AST]] = {}  # of each node
        self._methods: dict[str, set[str]] = defaultdict(set)  # by their bare names
        self._imported: dict[str, dict[str, str]] = {}  # module -> name -> module, or module:name
        for module, tree in self.trees.items():
            self._imported[module] = dict(self._imports(module, tree))
            for node in tree.body:
                self._define(module, node)
        self._led: dict[str, set[str]] = {}
        self._known = {module: self._knows(module) for module in self.trees}

    def _knows(self, module: str) -> set[str]:
        """The modules that a module imports from, however far."""
        seen, todo = {module}, [module]
        while todo:
            one = todo.pop()
            new = {(self.resolve(one, name) or "").partition(":")[0] for name in self._imported[one]} - seen
            seen |= new
            todo += new & self.trees.keys() - self._packages
        return seen

    def _called(self, module: str, name: str) -> set[str]:
        return {node for node in self._methods[name] if node.partition(":")[0] in self._known[module]}

    def _define(self, module: str, node: ast.stmt) -> None:
        if isinstance(node, ast.If | ast.Try):
            for one in (*node.body, *node.orelse):
                self._define(module, one)
        elif isinstance(node, ast.ClassDef):
            self.bodies[f"{module}:{node.name}"] = [*node.bases, *node.decorator_list]
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    self.bodies[f"{module}:{node.name}.{part.name}"] = [part]
                    self._methods[part.name].add(f"{module}:{node.name}.{part.name}")
                else:
                    self.bodies[f"{module}:{node.name}"].append(part)
        elif isinstance(node, _DEFINITIONS):
            self.bodies[f"{module}:{node.name}"] = [node]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)):
                self.bodies[f"{module}:{name}"] = [node]

    def _imports(self, module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
        here = module if module in self._packages else module.rpartition(".")[0]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = ".".join(here.split(".")[: len(here.split(".")) - node.level + 1])
                source = f"{base}.{node.module}" if node.module else base
                for alias in node.names:
                    name = alias.asname or alias.name
                    inner = f"{source}.{alias.name}"
                    yield name, inner if inner in self.trees else f"{source}:{alias.name}"

    def resolve(self, module: str, name: str) -> str | None:
        """The node, or the module, that a name means in a module; None for a name of elsewhere."""
        if f"{module}:{name}" in self.bodies:
            return f"{module}:{name}"
        found = self._imported.get(module, {}).get(name)
        if found is None or ":" not in found:
            return found
        source, _, inner = found.partition(":")
        return self.resolve(source, inner) if source != module else None

    def _next(self, node: str) -> set[str]:
        if node in self._led:
            return self._led[node]
        module, _, name = node.partition(":")
        found: set[str] = set()
        if (
            f"{node}.__init__" in self.bodies
            or f"{node}.__post_init__" in self.bodies
            or f"{node}.__new__" in self.bodies
        ):
            found |= {f"{node}.{made}" for made in _MADE} & self.bodies.keys()
        for body in self.bodies.get(node, ()):
            for part in ast.walk(body):
                if isinstance(part, ast.Name):
                    found.add(self.resolve(module, part.id) or "")
                elif isinstance(part, ast.Attribute):
                    owner = self.resolve(module, part.value.id) if isinstance(part.value, ast.Name) else None
                    if owner in self.trees:
                        found.add(self.resolve(str(owner), part.attr) or "")
                    elif isinstance(part.value, ast.Name) and part.value.id == "self" and "." in name:
                        mine = f"{module}:{name.partition('.')[0]}.{part.attr}"
                        found |= {mine} if mine in self.bodies else self._called(module, part.attr)
                    else:
                        found |= self._called(module, part.attr)
        self._led[node] = found & self.bodies.keys()
        return self._led[node]

    def reached(self, node: str) -> set[str]:
        """All nodes that a node leads to, and itself."""
        seen, todo = {node}, [node]
        while todo:
            new = self._next(todo.pop()) - seen
            seen |= new
            todo += new
        return seen
