"""`make catalogues`: every language's catalogue is brought up to what is said now, and compiled."""

import sys

from reports.catalogues.upkeep import keep, kept

for language in (*kept(), *sys.argv[1:]):
    there, waiting = keep(language)
    sys.stdout.write(f"{language}: {there} sentences, {waiting} without a translation\n")
