"""placeholder"""


class Actions(dict):
    pass


def performed(call, verb, words):
    from .verbs import running
    if verb is None:
        return running.run(call, call.parsed)
    return verb(call, words)
