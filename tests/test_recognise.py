"""Which lab a notebook is: small imitations of all eleven, each in the habits real copies come in."""

import re
from pathlib import Path

import pytest

from grader.course.folder import current_course
from grader.intake.clues import current_clues
from grader.intake.recognise import recognise
from grader.model import Cell

_LOAD_BAG = """
def load_sst_data(path):
    data = []
    with open(path) as f:
        for line in f:
            example = {'label': int(line[1]), 'text': re.sub(r'\\s*(\\(\\d)|(\\))\\s*', '', line)[1:]}
            data.append(example)
    return data
training_set = load_sst_data(sst_home + '/train.txt')
"""
_BAG = """
def feature_function(datasets):
    for example in dataset:
        example['features'] = collections.defaultdict(float)
        example['vector'] = np.zeros((len(feature_indices)))
"""
_FREQUENT_BAG = _BAG + "    feature_names = set([word for word in word_counter if word_counter[word] > 10])\n"
_LOAD_SEQUENCES = """
PADDING = "<PAD>"
UNKNOWN = "<UNK>"
SEQ_LEN = 20
vocabulary = set([word for word in word_counter if word_counter[word] > 10])
example['index_sequence'] = np.zeros((SEQ_LEN), dtype=np.int32)
"""
_RNN = """
class RNNSentimentClassifier:
    def __init__(self, vocab_size, sequence_length):
        self.learning_rate = LR
        self.training_epochs = 500
        self.dim = DIM
        self.embedding_dim = 8
        self.batch_size = 256
        self.l2_lambda = 0.001
        self.trainable_variables = []
        self.E = tf.Variable(tf.random.normal([self.vocab_size, self.embedding_dim], stddev=0.1))
        self.W_cl = tf.Variable(tf.random.normal([self.dim, 2], stddev=0.1))
        self.W_rnn = tf.Variable(tf.random.normal([self.embedding_dim + self.dim, self.dim], stddev=0.1))
        GATES
    def model(self, x):
        def step(x, h_prev):
            STEP
        self.x_slices = tf.split(x, self.sequence_length, 1)
    def train(self, training_data, dev_set):
        l2_cost = self.l2_lambda * (tf.reduce_sum(tf.square(self.W_rnn)) + tf.reduce_sum(tf.square(self.W_cl)))
        labels = [example['label'] for example in minibatch]
"""
_TANH = "return tf.tanh(tf.matmul(tf.concat([emb, h_prev], 1), self.W_rnn) + self.b_rnn)"
_GATED = "z = tf.sigmoid(hx @ self.W_z + self.b_z); r = tf.sigmoid(hx @ self.W_r + self.b_r)"
_LINEAR = """
class logistic_regression_classifier:
    def __init__(self, dim):
        self.learning_rate = RATE
        self.training_epochs = 50
        self.batch_size = 256
        EXTRA
        self.W = tf.Variable(tf.zeros([self.dim, 2]))
    def model(self, x):
        return tf.matmul(x, self.W) + self.b
    def train(self, training_data, dev_set):
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits, labels))
    def classify(self, examples):
        return np.argmax(self.model([e['vector'] for e in examples]), 1)
"""
_SNLI = """
def load_snli_data(path):
    example["label"] = LABEL_MAP[example["gold_label"]]
training_set = load_snli_data(snli_home + '/snli_1.0_train.jsonl.bz2')
example['sentence1_binary_parse_index_sequence'] = np.zeros((SEQ_LEN), dtype=np.int32)
loaded_embeddings = np.zeros((len(word_indices), 50), dtype='float32')
"""
_PAIRS = """
class RNNEntailmentClassifier:
    def __init__(self, vocab_size, sequence_length):
        self.dim = 24
        self.batch_size = 64
        BODY
    def train(self, training_data, dev_set):
        with tf.GradientTape() as tape:
            logits, attn = self.model(premise_minibatch, hypothesis_minibatch)
    def get_attn(self, examples):
        RESHAPE
"""


def _rnn(dim: int, rate: float, gates: str = "", step: str = _TANH) -> str:
    return _RNN.replace("DIM", str(dim)).replace("LR", str(rate)).replace("GATES", gates).replace("STEP", step)


def _linear(rate: float, extra: str) -> str:
    return _LINEAR.replace("RATE", str(rate)).replace("EXTRA", extra)


# slug -> title, cells that only load, hole cell
NOTEBOOKS: dict[str, tuple[str, str, str]] = {
    "lab1_warmup": (
        "# Lab1: Warming Up",
        _LOAD_BAG,
        "def np_fn(x):\n    return 1/np.sqrt(2*sigma**2*np.pi)*np.exp(-(x-mu)**2/(2*sigma**2))\n"
        "def tf_fn(x):\n    return tf.exp(-x**2/2)\n",
    ),
    "a1_logistic_regression": (
        "# Assignment1: Logistic Regression, SGD, and Regularization",
        _LOAD_BAG + _BAG,
        _linear(1.0, "self.reg_weight = 0.0"),
    ),
    "lab2_mlp": (
        "# Lab2: MLP and Dropout",
        _LOAD_BAG + _FREQUENT_BAG,
        _linear(0.3, "self.hidden_layer_sizes = [50, 50]\n        self.rate = 0.2"),
    ),
    "lab3_rnn": ("# Lab3: RNN based classifier", _LOAD_BAG + _LOAD_SEQUENCES, _rnn(24, 0.2)),
    "a2_embeddings": (
        "# Assignment2: Word Embeddings",
        "words, matrix, word2ind = read('glove.6B.50d.txt.bz2')\ndef knn(word, k):\n    print_header(word)\n",
        "def analogy(pront_pair, pront_seed, k=10):\n    sim = matrix @ target\n    print_row(0, 9, words, knn, sim)",
    ),
    "lab4_gru": (
        "# Lab4: GRU based classifier",
        _LOAD_BAG + _LOAD_SEQUENCES,
        _rnn(12, 1.0, "self.W_z = tf.Variable(0.); self.W_r = tf.Variable(0.)", _GATED),
    ),
    "a3_lstm_lm": (
        "# Assignment3: Language Modelling with LSTM networks",
        "START='<S>'\nEND = '</S>'\nexample['index_sequence'] = np.zeros((21))\nword_counter[word] > 25",
        "class LanguageModel:\n    def model(self, x, rate, sample=False, h_zero=None, c_zero=None):\n"
        "        f = tf.sigmoid(hx @ self.W_f)\n    def sample(self):\n        pass\n",
    ),
    "lab5_attention": (
        "# Lab5: Attention models",
        _SNLI,
        _PAIRS.replace("BODY", "self.W_y_attn = self.W_h_attn = self.w_attn = tf.Variable(0.); wm_list = []").replace(
            "RESHAPE", "return np.reshape(attn, [-1, 10, 1])"
        ),
    ),
    "a4_word_by_word": (
        "# Assignment4: Word by Word attention",
        _SNLI,
        _PAIRS.replace("BODY", "self.W_attn = tf.Variable(0.)").replace(
            "RESHAPE", "return np.reshape(attn, [len(examples), 10, 10])"
        ),
    ),
    "lab5b_bert": (
        "# Lab5: Transformers with TensorFlow",
        "from transformers import *\ntokenizer = BertTokenizer.from_pretrained('bert-base-cased')\n"
        "def convert_examples_to_features(texts, labels):\n    pass\n",
        "def convert_nli_examples_to_features(premises, hypotheses, labels):\n"
        "    batch_encoding = tokenizer.batch_encode_plus(list(zip(premises, hypotheses)))\n",
    ),
    "lab6_captioning": (
        "# Lab6: Image Captioning",
        "annotation_file = 'train2014-subset/captions_train2014.json'\nclass BahdanauAttention(tf.keras.Model): pass\n"
        "image_model = tf.keras.applications.InceptionV3(include_top=False)",
        "class RNN_Decoder(tf.keras.Model):\n    def call(self, x, features, hidden):\n        pass\n",
    ),
}
CELL_IDS = current_clues().cells
_IDS = {lab: cell_id for cell_id, lab in CELL_IDS.items()}
LABS = tuple(current_course().labs)
_RENAMED = ("logistic_regression_classifier", "RNNSentimentClassifier", "LanguageModel", "RNNEntailmentClassifier")


def _cells(title: str, given: str, hole: str, cell_id: str | None = None) -> tuple[Cell, ...]:
    return (
        Cell(index=0, kind="markdown", source=title),
        Cell(index=1, kind="code", source=given),
        Cell(index=2, kind="code", source=hole, colab_id=cell_id),
    )


def _renamed(code: str) -> str:
    return re.sub("|".join(_RENAMED), "MyNet", code)


def test_the_imitations_cover_every_lab() -> None:
    assert tuple(NOTEBOOKS) == LABS
    assert set(CELL_IDS.values()) == set(LABS)


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("habit", ["as issued", "ids lost", "class renamed", "title gone", "bare"])
def test_a_lab_is_recognised_in_every_habit(lab: str, habit: str) -> None:
    title, given, hole = NOTEBOOKS[lab]
    has_title = habit in ("as issued", "ids lost", "class renamed")
    changed = _renamed(hole) if habit in ("class renamed", "bare") else hole
    cell_id = _IDS[lab] if habit in ("as issued", "title gone") else None
    cells = _cells(title if has_title else "", given, changed, cell_id)
    assert recognise(cells, ("notebook",)).lab == lab


@pytest.mark.parametrize("lab", LABS)
def test_content_outweighs_a_wrong_file_name(lab: str) -> None:
    wrong = LABS[(LABS.index(lab) + 1) % len(LABS)]
    assert recognise(_cells(*NOTEBOOKS[lab], _IDS[lab]), (wrong,)).lab == lab


@pytest.mark.parametrize(
    ("name", "lab"),
    [
        *((slug, slug) for slug in LABS),
        ("lab1 - student01", "lab1_warmup"),
        ("Copy of Lab 2", "lab2_mlp"),
        ("student01_lab_3", "lab3_rnn"),
        ("practica4", "lab4_gru"),
        ("Práctica 4", "lab4_gru"),
        ("LAB5", "lab5_attention"),
        ("lab5-transformers", "lab5b_bert"),
        ("lab5b", "lab5b_bert"),
        ("6_transformers", "lab5b_bert"),
        ("7_image_captioning", "lab6_captioning"),
        ("lab6", "lab6_captioning"),
        ("a1", "a1_logistic_regression"),
        ("ass2_student01", "a2_embeddings"),
        ("Assignment 3", "a3_lstm_lm"),
        ("assignment4", "a4_word_by_word"),
    ],
)
def test_the_file_name_decides_where_nothing_else_does(name: str, lab: str) -> None:
    assert recognise((), (name,)).lab == lab


def test_a_folder_tells_the_lab_where_the_file_does_not() -> None:
    assert recognise((), ("student01", "lab3_rnn")).lab == "lab3_rnn"


@pytest.mark.parametrize("name", ["student01", "notebook", "label 1", "collab12", "a", "data1", "Número2", "lab9"])
def test_a_name_without_a_lab_word_tells_nothing(name: str) -> None:
    assert recognise((), (name,)).lab is None


def test_an_untouched_gru_lab_is_not_taken_for_the_rnn_it_starts_from() -> None:
    cells = _cells("", _LOAD_SEQUENCES, _rnn(12, 1.0) + "\nclassifier = RNNSentimentClassifier(len(word_indices), 20)")
    assert recognise(cells, ("untitled",)).lab == "lab4_gru"


def test_a_solved_mlp_without_its_given_names_is_not_taken_for_the_regression() -> None:
    solved = _renamed(_linear(0.3, "self.W1 = tf.Variable(tf.random.normal([dim, 50], stddev=0.1))")).replace(
        "return tf.matmul(x, self.W) + self.b", "return tf.nn.dropout(tf.nn.relu(x @ self.W1), rate) @ self.W2"
    )
    assert recognise(_cells("", _FREQUENT_BAG, solved), ("x",)).lab == "lab2_mlp"


def test_a_solved_regression_stays_one_whatever_its_penalty_is_called() -> None:
    solved = _renamed(_linear(0.5, "self.lam = lam")).replace("cost =", "penalty = lam * tf.nn.l2_loss(self.W)\n#")
    assert recognise(_cells("", _BAG, solved), ("x",)).lab == "a1_logistic_regression"


def test_a_mention_of_an_earlier_lab_is_no_title() -> None:
    text = "# Lab4: GRU based classifier\nIn lab 3 we built an RNN; see also Lab3 and lab 3."
    assert recognise(_cells(text, "", ""), ()).lab == "lab4_gru"


def test_an_unrelated_notebook_is_not_recognised_and_says_so() -> None:
    guess = recognise(_cells("# My holidays", "import pandas as pd", "df = pd.read_csv('x.csv')"), ("holidays",))
    assert guess.lab is None
    assert "which lab" in guess.reason


def test_a_guess_names_its_evidence() -> None:
    guess = recognise(_cells(*NOTEBOOKS["lab4_gru"], "nCzr4whzNnqy"), ("lab4",))
    assert guess.reason == "It was taken for this lab because of its code, cell ids, titles and name."


@pytest.mark.parametrize(
    ("cells", "names", "lab"),
    [
        ((Cell(1, "markdown", "# Lab 2: a hidden layer\n\nText"),), (), "digits_mlp"),
        ((Cell(1, "markdown", "Lab 5 - A picture and a hint"),), (), "digit_and_hint"),
        ((), ("Digits-MLP_final.ipynb",), "digits_mlp"),
        ((), ("ana_lab 3.ipynb",), "digits_cnn"),
        ((), ("lab33.ipynb",), None),
    ],
    ids=["title", "another sign", "slug", "alias", "another number"],
)
def test_a_lab_without_clues_is_known_by_its_title_its_slug_and_its_aliases(
    cells: tuple[Cell, ...], names: tuple[str, ...], lab: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(Path(__file__).parent / "courses" / "vision"))
    assert recognise(cells, names).lab == lab
