"""Renderings of a scan's result; all of them show only what has passed `gate`."""
