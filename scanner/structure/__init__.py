"""From columns to roles to structures, as the packs declare them."""

from scanner.structure.recognise import recognise, with_roles

__all__ = ["recognise", "with_roles"]
