"""Options of the verbs that Windows' argv rules apply to: they and the positionals may mix, `--` ends the options."""
from ..errors import Failure


def parse(words, flags=(), values=(), aliases=None, least=0, most=0):
    """({option: True or value}, positionals). Anything unknown or missing: Wsl/E_INVALIDARG."""
    found, rest, words = {}, [], list(words)
    while words:
        word = words.pop(0)
        name = (aliases or {}).get(word, word)
        if word == "--":
            rest += words
            break
        if name in flags:
            found[name] = True
        elif name in values:
            if not words:
                raise Failure("E_INVALIDARG")
            found[name] = words.pop(0)
        elif word.startswith("-") and word != "-":
            raise Failure("E_INVALIDARG")
        else:
            rest.append(word)
    if not least <= len(rest) <= most:
        raise Failure("E_INVALIDARG")
    return found, rest
