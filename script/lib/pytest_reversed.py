"""pytest plugin: import the files of each addon in reversed order.

`script/test --thorough` uses it, because no behavior may depend on the import order. A
file is still imported after the files of the models that it inherits.
"""

import ast
import importlib.machinery
import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["ROOT"])
from tests import structure

PACKAGES = {"models", "wizard", "report"}
NEEDS = structure.get_needs(structure.read_classes())


class ReversedLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        tree = ast.parse(self.get_data(self.path))
        folder = Path(self.path).parent
        imports = {
            folder / f"{item.names[0].name}.py": item
            for item in tree.body
            if isinstance(item, ast.ImportFrom) and not item.module
        }
        reverse, *_shuffles = structure.get_orders(list(imports), NEEDS, ())
        others = [item for item in tree.body if item not in imports.values()]
        tree.body = [imports[file] for file in reverse] + others
        return compile(tree, self.path, "exec")


class ReversedFinder:
    """Find the packages of our addons that contain models."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        parts = fullname.split(".")
        if parts[:2] != ["odoo", "addons"] or len(parts) != 4:
            return None
        if parts[3] not in PACKAGES or not (structure.ADDONS / parts[2]).is_dir():
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin:
            spec.loader = ReversedLoader(fullname, spec.origin)
        return spec


sys.meta_path.insert(0, ReversedFinder)
