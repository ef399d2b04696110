"""Show runs and sweeps to people: a page that stands alone, and the same figures as PNG files.

The page is filled by Jinja2 and its figures are drawn as SVG; the PNG files are drawn by
matplotlib. Both belong to the extra `report` and are imported only when they are used.
"""
