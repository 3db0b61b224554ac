"""Words whose analogies and orientation are known, asked of the vectors a notebook has: figures to show, not points."""

ANALOGIES = """
germany berlin spain madrid
poland warsaw greece athens
japan tokyo egypt cairo
france french sweden swedish
japan yen india rupee
man woman uncle aunt
king queen prince princess
father mother brother sister
dog dogs bird birds
big bigger cold colder
good best bad worst
walk walked jump jumped
"""

POSITIVE = """excellent wonderful beautiful delicious peaceful cheerful brave friendly elegant brilliant superb charming
attractive impressive remarkable enjoyable outstanding generous graceful delightful""".split()

NEGATIVE = """terrible horrible awful disgusting cruel unpleasant dreadful miserable worthless hostile tragic pathetic
tedious dull clumsy useless guilty harmful rude corrupt""".split()

# Turney and Littman 2003, where a notebook keeps its seeds under other names.
SEED_POS = ("good", "nice", "excellent", "positive", "fortunate", "correct", "superior")
SEED_NEG = ("bad", "nasty", "poor", "negative", "unfortunate", "wrong", "inferior")
