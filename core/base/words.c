/* Words of a command line by the quoting rules of the POSIX shell (XCU 2.2), and nothing else of the
 * shell: no expansion, no operators, no comments. Quoted and unquoted parts that touch are one word; '' is
 * an empty word. */
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

typedef struct splitter {
    const char *next;
    char *word; /* of the size of the whole text: no word is longer */
    size_t len;
    bool open; /* a word has begun, even if it is still empty */
} splitter;

static void put(splitter *s, char c)
{
    s->word[s->len++] = c;
}

static void end_word(splitter *s, lima_strv *words)
{
    if (!s->open)
        return;
    s->word[s->len] = '\0';
    lima_strv_add(words, s->word);
    s->len = 0;
    s->open = false;
}

static bool take_single_quoted(splitter *s, lima_err *err)
{
    for (; *s->next != '\''; s->next++) {
        if (!*s->next)
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a single quote (') is not closed");
        put(s, *s->next);
    }
    s->next++;
    return true;
}

static bool take_double_quoted(splitter *s, lima_err *err)
{
    for (; *s->next != '"'; s->next++) {
        if (*s->next == '\\' && s->next[1] && strchr("$`\"\\\n", s->next[1]) && *++s->next == '\n')
            continue; /* a continued line */
        if (!*s->next)
            return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "a double quote (\") is not closed");
        put(s, *s->next);
    }
    s->next++;
    return true;
}

static bool take_escaped(splitter *s, lima_err *err)
{
    if (!*s->next)
        return lima_err_set(err, LIMA_CODE_INVALID_ARGUMENT, "nothing follows the backslash at the end");
    if (*s->next != '\n')
        put(s, *s->next);
    s->next++;
    return true;
}

static bool take(splitter *s, lima_strv *words, lima_err *err)
{
    char c = *s->next++;
    if (c == ' ' || c == '\t' || c == '\n') {
        end_word(s, words);
        return true;
    }
    s->open = s->open || c != '\\' || *s->next != '\n';
    if (c == '\'')
        return take_single_quoted(s, err);
    if (c == '"')
        return take_double_quoted(s, err);
    if (c == '\\')
        return take_escaped(s, err);
    put(s, c);
    return true;
}

bool lima_str_split_words(const char *text, lima_strv *ret_words, lima_err *err)
{
    splitter s = {.next = text, .word = lima_mem_zalloc(strlen(text) + 1, 1)};
    lima_strv words = {0};
    bool ok = true;
    while (ok && *s.next)
        ok = take(&s, &words, err);
    if (ok) {
        end_word(&s, &words);
        *ret_words = words;
    } else {
        lima_strv_free(&words);
    }
    free(s.word);
    return ok;
}
