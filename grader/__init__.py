"""An automatic grader that understands TensorFlow notebooks: load → run → ask → judge → score → report."""
