"""`python -I checker FILE…`: runs the folder that this file is in."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

# Run as a folder, Python knows the files as modules of no package: it is made the package `checker`, so that they
# import each other in one way.
folder = Path(__file__).resolve().parent
spec: Any = spec_from_file_location("checker", folder / "__init__.py", submodule_search_locations=[str(folder)])
sys.modules["checker"] = module_from_spec(spec)

from checker.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
