# SPDX-License-Identifier: GPL-3.0-or-later
"""unittest with TAP on standard output, so that meson sees each test, and a skip with its reason."""

import sys
import time
import traceback
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.begun = 0.0
        self.wrong = False

    def startTest(self, test):
        super().startTest(test)
        self.number += 1
        self.begun = time.monotonic()
        self.wrong = False

    def say(self, word, test, more=""):
        print("%s %d - %s%s" % (word, self.number, test.id().replace("__main__.", ""), more), flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        print("# %.1f s" % (time.monotonic() - self.begun))
        self.say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("ok", test, " # SKIP " + reason)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.fail(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.fail(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            print("# in %s" % subtest)
            self.fail(test, error)

    def fail(self, test, error):
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print("# " + line)
        if not self.wrong:
            self.say("not ok", test)
        self.wrong = True


def main():
    """As unittest.main(): names of tests may be given to run only those."""
    names = sys.argv[1:] or None
    module = sys.modules["__main__"]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    print("1..%d" % suite.countTestCases())
    result = TapResult()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
