"""How catalogues of other languages are made: what is said is found in the sources, and kept beside its translation."""
