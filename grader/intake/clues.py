"""What speaks for which lab: Colab's cell ids, titles, names in the code, words in a file's name, each with a weight.

A clue may speak for several labs (given code is shared: a1 with lab2, lab3 with lab4, lab5 with a4) and against one.
"""

import re

from msgspec import Struct

LABS = (
    "lab1_warmup",
    "a1_logistic_regression",
    "lab2_mlp",
    "lab3_rnn",
    "a2_embeddings",
    "lab4_gru",
    "a3_lstm_lm",
    "lab5_attention",
    "a4_word_by_word",
    "lab5b_bert",
    "lab6_captioning",
)
_SHORT = {slug.split("_", 1)[0]: slug for slug in LABS}

CELL_IDS = {
    "YGTHTpqmJvhz": "lab1_warmup",
    "0aUb7TUcJvia": "lab1_warmup",
    "xwuDSo6pg36G": "a1_logistic_regression",
    "EyS-IkAYSGCL": "lab2_mlp",
    "piE_Cr6zspx6": "lab3_rnn",
    "PoI1QpJsOVRY": "a2_embeddings",
    "nCzr4whzNnqy": "lab4_gru",
    "8o4syEQOgUvG": "a3_lstm_lm",
    "buWTbwThTYh4": "lab5_attention",
    "9ggJEL7K6L6Z": "a4_word_by_word",
    "3zFQ2QNwXLoB": "lab5b_bert",
    "V9UbGQmERPGi": "lab6_captioning",
}
CELL_ID_WEIGHT = 7.0


class Clue(Struct, frozen=True):
    """`weights` by slug. With `only_with`, the clue counts only where that pattern is found as well."""

    pattern: re.Pattern[str]
    weights: dict[str, float]
    only_with: re.Pattern[str] | None = None


def _clues(text: str) -> tuple[Clue, ...]:
    """One clue a line: `lab+weight lab-weight : pattern [if pattern]`."""
    return tuple(_clue(line.strip()) for line in text.strip().splitlines())


def _clue(line: str) -> Clue:
    votes, _, rest = line.partition(" : ")
    pattern, _, condition = rest.partition(" IF ")
    weights = {}
    for vote in votes.split():
        found = re.fullmatch(r"(\w+?)([+-][\d.]+)", vote)
        if found is None:
            raise ValueError(f"grader/intake/clues.py: '{vote}' is no vote; write it like lab4+2.5")
        weights[_SHORT[found[1]]] = float(found[2])
    return Clue(
        pattern=re.compile(pattern.strip(), re.IGNORECASE | re.MULTILINE),
        weights=weights,
        only_with=re.compile(condition.strip(), re.IGNORECASE | re.MULTILINE) if condition else None,
    )


CODE = _clues(r"""
lab1+5 : \bnp_fn\b
lab1+5 : \btf_fn\b
lab1+2.5 : (2\s*\*\s*(np|math|numpy)\.pi|(np|math|numpy)\.pi\s*\*\s*2|sigma\s*\*\*\s*2|sigma\s*\*\s*sigma)
a1+2 lab2+2 : \[['"]vector['"]\]
a1+2 lab2+1 : logistic_?regression
a1+1 : \breg_weight\b
a1+2 : \b(l2_loss|lambda_?|lam|l2|reg(ularization|_w\w{0,40})?)\b IF \[['"]vector['"]\]
a1+1 : \blearning_rate\s*=\s*1(\.0*)?\b IF \[['"]vector['"]\]
a1-1 lab2+5 : hidden_(layer_?)?sizes?
a1-2 lab2+2 : \brelu\b IF \[['"]vector['"]\]
a1-2 lab2+2 : \bdropout\b IF \[['"]vector['"]\]
lab2+2 : \bclass\s+\w{0,40}(mlp|multi_?layer|neural)\w{0,40}
lab2+2 : (>\s*10|>=\s*11|min\w{0,40}\s*=\s*1[01])\b IF \[['"]vector['"]\]
lab2+1 : \b(self\.)?(rate|keep_prob|drop\w{0,40})\b IF \[['"]vector['"]\]
lab3+1 lab4+1 a3+1 : \[['"]index_sequence['"]\]
lab3+3 lab4+2.5 : RNN_?Sentiment_?Classifier
lab3+1.5 lab4+1.5 a3-1 : \[['"]label['"]\] IF \[['"]index_sequence['"]\]
lab3+1 lab4+1 : \bW_rnn\b IF \[['"]index_sequence['"]\]
lab3+1.5 : \bdim\s*=\s*24\b IF \[['"]index_sequence['"]\]
lab4+1.5 : \bdim\s*=\s*12\b IF \[['"]index_sequence['"]\]
lab3+1 : (learning_rate|lr)\s*=\s*0?\.2\b IF \[['"]index_sequence['"]\]
lab4+1 : (learning_rate|lr)\s*=\s*1(\.0*)?\b IF \[['"]index_sequence['"]\]
lab3-1 lab4+3 : (\bW_z\b|\bW_r\b|W_?update|W_?reset) IF \[['"]index_sequence['"]\]
lab3-1 lab4+2.5 : (tf|nn|keras|math|activations)\.sigmoid IF \[['"]index_sequence['"]\]
lab4+2 : \b(gru|(update|reset)[ _]gate)\w{0,40} IF \[['"]index_sequence['"]\]
lab4+2 : \bclass\s+\w{0,40}gru\w{0,40}
lab3+1 : \bclass\s+\w{0,40}rnn\w{0,40}sent\w{0,40}
a3+5 : \bclass\s+\w{0,40}Language_?Model\w{0,40}
a3+3 : </S>
a3+2 : \bdef\s+sample\s*\(\s*self
a3+2 : \b(W_f|W_i|W_o|W_c|forget_?gate|cell_?state|c_zero|c_prev)\b
a3+2 : \bself\.(costs|logits)\b
a3+2 : \b(perplexity|language[ _]model\w{0,40})
a3+1 : >\s*25\b
a2+4 : \bdef\s+analogy\b
a2+3 : \bdef\s+knn\b
a2+4 : determine_coefficient|seed_pos|seed_neg
a2+3 : \bprint_(header|row|footer)\b
a2+2 : \b(pront_pair|pront_seed|word2ind)\b
a2+2 : \bTSNE\b
a2+1.5 : \bnp\.linalg\.norm\b IF glove
lab5+2 a4+2 : sentence[12]_binary_parse
lab5+2 a4+2 : \b(loaded_embeddings|premise|hypothesis)\b IF GradientTape
lab5+2.5 a4+2 : RNN_?Entailment_?Classifier
lab5+3 : \bwm_list\b
lab5+2.5 : \bW_[yh]_attn\b
lab5+1.5 : (?-i:\bw_attn\b)
lab5+2 : \b[Wb]_combination\b
lab5+1 : \[['"][ph]['"]\]
lab5+1 : \bepochs?\s*=\s*5\b IF sentence1_binary_parse
a4+1.5 : (?-i:\bW_attn\b)
a4+3 : \b(premise_step|hypothesis_step)\b
a4+3 : \b(projected_premise_steps|h_prev_attn)\b
a4+2 : \b(word|matching)[ _-]?(by[ _-]?word|gru|lstm)\w{0,40}
a4+3 : (10\s*,\s*10\b|sequence_length\s*,\s*(self\.)?sequence_length)
a4+1 : \bepochs?\s*=\s*30\b IF sentence1_binary_parse
lab5b+3 : \b(from|import)\s+transformers\b
lab5b+3 : \bTF(Auto|Bert|XLNet|Roberta|DistilBert)\w{0,40}
lab5b+2 : \b(Bert|Auto)Tokenizer\w{0,40}
lab5b+4 : convert_\w{0,40}examples_to_features
lab5b+2 : \bInputFeatures\b
lab5b+2 : batch_encode_plus
lab5b+2 : bert-base
lab6+4 : RNN_Decoder
lab6+4 : Bahdanau\w{0,40}
lab6+3 : CNN_Encoder
lab6+3 : InceptionV3
lab6+4 : captions_train2014|COCO_train2014|train2014-subset
lab6+2 : \bimg_tensor\b|\bimg_name\w{0,40}
""")

# A title opens a text cell: "# Lab2: MLP and Dropout". Elsewhere a lab may be mentioned that this one builds on.
TITLES = _clues(r"""
lab1+4 : \b(labs?|laboratorio|laborategia|pr[aá]ctica|praktika)\W*1\b
lab2+4 : \b(labs?|laboratorio|laborategia|pr[aá]ctica|praktika)\W*2\b
lab3+4 : \b(labs?|laboratorio|laborategia|pr[aá]ctica|praktika)\W*3\b
lab4+4 : \b(labs?|laboratorio|laborategia|pr[aá]ctica|praktika)\W*4\b
lab5+3 lab5b+3 : \b(labs?|laboratorio|laborategia|pr[aá]ctica|praktika)\W*5\b
lab6+4 : \b(labs?|laboratorio|laborategia|pr[aá]ctica|praktika)\W*[67]\b
a1+4 : \b(assignment|ass|tarea|ariketa)\W*1\b
a2+4 : \b(assignment|ass|tarea|ariketa)\W*2\b
a3+4 : \b(assignment|ass|tarea|ariketa)\W*3\b
a4+4 : \b(assignment|ass|tarea|ariketa)\W*4\b
lab1+2 : \bwarm(ing)?[\s-]?up\b
a1+2 : logistic regression|\bL2\b
lab2+2 : \b(mlp|dropout|multi-?layer)\b
lab3+2 : \brnn\b
a2+2 : \bword embeddings?\b|\banalog(y|ies)\b
lab4+2.5 : \bgru\b
a3+3 : language model|\blstm\b
lab5+2 : \battention model|\brockt
a4+4 : word[ -]by[ -]word
lab5b+3 : \b(transformers?|bert|hugging ?face)\b
lab6+3 : caption
""")

_NUMBERED = r"(?<![^\W_])(?:labs?|laboratory|laboratorio|laborategia|pr[aá]ctica|practice|praktika)[ _\-.#]*0?"
_ASSIGNED = r"(?<![^\W_])(?:a|assignment|assign|ass|asg|homework|hw|tarea|ariketa|zeregina)[ _\-.#]*0?"
_END = r"(?![^\W_])"
NAMES = _clues(rf"""
lab1+3 : {_NUMBERED}1{_END}
lab2+3 : {_NUMBERED}2{_END}
lab3+3 : {_NUMBERED}3{_END}
lab4+3 : {_NUMBERED}4{_END}
lab5+2.5 lab5b+2 : {_NUMBERED}5a?{_END}
lab5b+4 : {_NUMBERED}5(b|[ _\-.]?2){_END}
lab6+3 lab5b+1 : {_NUMBERED}6{_END}
lab6+3 : {_NUMBERED}7{_END}
a1+3 : {_ASSIGNED}1{_END}
a2+3 : {_ASSIGNED}2{_END}
a3+3 : {_ASSIGNED}3{_END}
a4+3 : {_ASSIGNED}4{_END}
lab1+2 : warm(ing)?[\s_-]?up
a1+2 : logistic|(?<![^\W_])(lr|sgd){_END}
lab2+2 : (?<![^\W_])(mlp|dropout){_END}
lab3+2 : (?<![^\W_])rnn{_END}
a2+2 : embedding|analog(y|ies)
lab4+2.5 : (?<![^\W_])gru{_END}
a3+2.5 : lstm|language[\s_-]?model
lab5+2 : attention
a4+3 : word[\s_-]?by[\s_-]?word|(?<![^\W_])wbw{_END}
lab5b+3 : (?<![^\W_])bert{_END}|transformer
lab6+3 : caption
""")
