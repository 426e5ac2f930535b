"""Labelled images: data sets that are loaded, and faces that are drawn."""

from facetoy.data.sets import Data, load, open_split

__all__ = ["Data", "load", "open_split"]
