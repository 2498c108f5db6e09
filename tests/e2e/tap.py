"""The Test Anything Protocol: numbered cases, in order, each with the reason of its failure."""
import signal
import sys
import time
import traceback
import unittest

# A test that is told to end removes what it has made.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class Plan:
    def __init__(self):
        self.count = 0
        self.failed = 0
        self.began = time.monotonic()

    def case(self, name, function, fatal=False):
        """Runs one case; unittest.SkipTest says why it is none here. After a fatal one fails, the rest would only repeat its failure: the plan ends."""
        self.count += 1
        begin = time.monotonic()
        try:
            function()
        except unittest.SkipTest as why:
            print(f"ok {self.count} - {name} # SKIP {why}")
        except Exception:  # a failing case must not end the others
            self.failed += 1
            print(f"not ok {self.count} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"#   {line}")
            if fatal:
                self.end()
        else:
            print(f"ok {self.count} - {name} # {time.monotonic() - begin:.1f} s")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)
