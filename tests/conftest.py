"""Loads the repository root as the package ``relight_stage``, whatever the folder is called."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if "relight_stage" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "relight_stage", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["relight_stage"] = package
    spec.loader.exec_module(package)
