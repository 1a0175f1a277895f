"""`python -I checker FILE…`: runs the folder that this file is in."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

# Run as a folder, Python knows the files as modules of no package. The folder is made the package `checker`, so that
# its files import each other in one way, and is taken off the path, where it could hide the library's modules.
folder = Path(__file__).resolve().parent
spec: Any = spec_from_file_location("checker", folder / "__init__.py", submodule_search_locations=[str(folder)])
sys.modules["checker"] = module_from_spec(spec)
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]

from checker.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
