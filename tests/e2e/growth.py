"""Whether something that is done again and again leaves more each time: counts of after each round, compared."""
WARM = 3            # rounds until everything that is made once is there


def no_growth(counts, room):
    """Each count is a dictionary. Lists must be the same; numbers may grow by `room`, for what is about to end."""
    warm, last = counts[min(WARM, len(counts) - 1) - 1], counts[-1]
    for what, now in last.items():
        if isinstance(now, list):
            assert now == warm[what], (what, sorted(set(now) ^ set(warm[what])))
        else:
            print(f"# {what}: {[one[what] for one in counts]}")
            assert now <= warm[what] + room, (what, warm[what], now)
