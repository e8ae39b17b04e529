"""The documentation as a site: `make docs` builds it into build/site and takes every warning for an error."""

from scalelab import __version__

project = "scalelab"
author = "The scalelab authors"
project_copyright = "The scalelab authors"
release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["conf.py"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"scalelab {__version__}"
html_show_sphinx = False
html_copy_source = False
