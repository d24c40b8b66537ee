"""``python -m relight_stage …`` and ``python FOLDER …``: the command line in any Python, the package installed or not.

The second is how Blender starts trainings: in a Python that has torch, with the code of the extension itself.
"""

import sys

if __name__ == "__main__" and not __package__:
    import importlib.util
    from pathlib import Path

    # Run as a folder: its modules shall not be found under their bare names, but as those of one package.
    sys.path.pop(0)
    root = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(
        "relight_stage", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    assert spec is not None and spec.loader is not None
    package = sys.modules["relight_stage"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    from relight_stage.cli import main
else:
    from .cli import main

if __name__ == "__main__":
    sys.exit(main())
