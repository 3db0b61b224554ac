"""Which labels the predictions of which lab are held against."""

from grader.data.folder import DataFolder
from grader.data.pairs import pairs_truth
from grader.data.truth import Truth, trees_truth

INFERENCE = ("lab5_attention", "a4_word_by_word", "lab5b_bert")
SENTIMENT = ("a1_logistic_regression", "lab2_mlp", "lab3_rnn", "lab4_gru")


def truths_of(folder: DataFolder) -> dict[str, Truth]:
    """By lab. Labs whose data are not there, or that predict nothing, have none."""
    found = {SENTIMENT: trees_truth(folder), INFERENCE: pairs_truth(folder)}
    return {lab: truth for labs, truth in found.items() if truth for lab in labs}
