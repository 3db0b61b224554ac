from grader.judging.checks import check, interview, passed, remarks, unattempted
LAB="lab6_captioning"
@interview(LAB)
def i(x): return x
@check(LAB,"runs")
def r(e): return passed()
@remarks(LAB)
def rr(e): return ()
@unattempted(LAB)
def u(e): return False
