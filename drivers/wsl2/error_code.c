/* A code is found by its shape alone, Wsl(/Word)+/SYMBOL, the last one of the text: words of guest programs
 * that came before may look alike. The last path element decides; the contexts before it only tell apart what
 * one symbol means in two places, and an unknown context falls back to the general row. */
#include "wsl2/error_code.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "wsl2/error_table.h"
#include "wsl2/output.h"

enum { SAID_MAX = 600, LABEL_MAX = 60 };

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

/* Bytes of "0x" and exactly 8 hex digits at text, or 0. */
static size_t hex_len(const char *text)
{
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
        return 0;
    size_t digits = strspn(text + 2, "0123456789abcdefABCDEF");
    return digits == 8 ? 10 : 0;
}

/* Bytes of [A-Z][A-Z0-9_]+ at text with nothing of a longer word behind, or 0. */
static size_t symbol_len(const char *text)
{
    if (!is_upper(text[0]))
        return 0;
    size_t len = 1;
    while (is_upper(text[len]) || is_digit(text[len]) || text[len] == '_')
        len++;
    return len > 1 && !is_letter(text[len]) ? len : 0;
}

static size_t context_len(const char *text)
{
    size_t len = 0;
    while (is_letter(text[len]))
        len++;
    return len;
}

/* text is behind "Wsl". Bytes of the rest of the code, and of its last element; 0 when this is no code. An
 * element that could be a context as well (HCS, HNS) is one if another element follows. */
static size_t code_len(const char *text, size_t *ret_last)
{
    size_t at = 0;
    while (text[at] == '/') {
        const char *element = text + at + 1;
        size_t context = context_len(element);
        size_t last = hex_len(element) ? hex_len(element) : symbol_len(element);
        if (context && element[context] == '/') {
            at += 1 + context;
        } else if (last && element[last] != '/') {
            *ret_last = last;
            return at + 1 + last;
        } else {
            return 0;
        }
    }
    return 0;
}

static bool has_element(const char *whole, const char *element)
{
    size_t len = strlen(element);
    for (const char *at = strstr(whole, element); at; at = strstr(at + 1, element))
        if (at > whole && at[-1] == '/' && at[len] == '/')
            return true;
    return false;
}

/* 0xC037…. is the same code as 0x8037…. */
static uint32_t same_value(uint32_t value)
{
    return value >> 16 == 0xc037 ? (value & 0xffff) | 0x80370000u : value;
}

static const wsl2_error_row *find_row(const wsl2_error_code *code)
{
    for (size_t i = 0; i < lima_wsl2_error_table_len; i++) {
        const wsl2_error_row *row = &lima_wsl2_error_table[i];
        bool same =
            lima_str_eq(row->symbol, code->symbol) || (row->value && row->value == same_value(code->value));
        if (same && (!row->context || has_element(code->whole, row->context)))
            return row;
    }
    return NULL;
}

static void copy_text(char *into, size_t max, const char *text, size_t len)
{
    size_t used = len < max - 1 ? len : max - 1;
    memcpy(into, text, used);
    into[used] = '\0';
}

/* `begin`: the code is `len` bytes there, its last element `last` bytes. */
static void describe(const char *begin, size_t len, size_t last, wsl2_error_code *ret)
{
    const char *element = begin + len - last;
    *ret = (wsl2_error_code){0};
    copy_text(ret->whole, sizeof ret->whole, begin, len);
    copy_text(ret->symbol, sizeof ret->symbol, element, last);
    if (hex_len(element))
        ret->value = (uint32_t)strtoul(element + 2, NULL, 16);
    ret->row = find_row(ret);
    if (ret->row) {
        copy_text(ret->symbol, sizeof ret->symbol, ret->row->symbol, strlen(ret->row->symbol));
        ret->value = ret->row->value;
    }
}

bool lima_wsl2_error_code_find(const char *text, wsl2_error_code *ret)
{
    bool found = false;
    for (const char *at = strstr(text, "Wsl/"); at; at = strstr(at + 1, "Wsl/")) {
        size_t last = 0, len = code_len(at + 3, &last);
        bool inside_word = at > text && (is_letter(at[-1]) || at[-1] == '/');
        if (len && !inside_word) {
            describe(at, 3 + len, last, ret);
            found = true;
        }
    }
    return found;
}

size_t lima_wsl2_error_rows(const wsl2_error_row **ret)
{
    *ret = lima_wsl2_error_table;
    return lima_wsl2_error_table_len;
}

wsl2_who lima_wsl2_who_failed(int exit_code, bool has_code)
{
    if (exit_code == -1 || (exit_code == 255 && has_code))
        return WSL2_WHO_WSL;
    return exit_code == 255 ? WSL2_WHO_UNKNOWN : WSL2_WHO_COMMAND;
}

/* The Windows way of saying -1 tells nobody anything. */
static const char *exit_words(const wsl2_failure *failure, const wsl2_error_code *code)
{
    switch (lima_wsl2_who_failed(failure->exit_code, *code->whole)) {
    case WSL2_WHO_WSL:
        return "wsl.exe itself failed";
    case WSL2_WHO_UNKNOWN:
        return "wsl.exe, or the command in the guest, failed with 255";
    case WSL2_WHO_COMMAND:
        break;
    }
    return failure->exit_text ? failure->exit_text : "no exit status";
}

/* The line that holds little but a label and the code, which is told anyway. */
static bool is_code_line(const char *line, const char *code)
{
    return *code && strstr(line, code) && strlen(line) < strlen(code) + LABEL_MAX;
}

/* Everything on one line. */
static char *said_on_both(const wsl2_failure *failure, const char *code)
{
    lima_strv lines = {0}, kept = {0};
    lima_wsl2_output_lines(failure->out ? failure->out : "", &lines);
    lima_wsl2_output_lines(failure->err_out ? failure->err_out : "", &lines);
    for (size_t i = 0; i < lines.len; i++)
        if (!is_code_line(lines.items[i], code))
            lima_strv_add(&kept, lines.items[i]);
    char *text = lima_strv_join(&kept, "\n");
    char *said = lima_wsl2_output_one_line(text, SAID_MAX);
    free(text);
    lima_strv_free(&lines);
    lima_strv_free(&kept);
    return said;
}

static void fill(const wsl2_failure *failure, const wsl2_error_code *code, const char *said, lima_err *err)
{
    const wsl2_error_row *row = code->row;
    const char *colon = *said ? ": " : "";
    if (row)
        lima_err_set(err, row->code, "%s: %s; %s. wsl.exe: %s%s%s", failure->what, row->cause, row->next,
                     code->whole, *said ? ", said: " : "", said);
    else if (*code->whole)
        lima_err_set(err, LIMA_CODE_UNKNOWN,
                     "%s: %s with the code %s%s%s; run `wsl --update`, or search for the code", failure->what,
                     exit_words(failure, code), code->whole, colon, said);
    else if (*said)
        lima_err_set(err, LIMA_CODE_UNKNOWN, "%s: %s without a code: %s", failure->what,
                     exit_words(failure, code), said);
    else
        lima_err_set(err, LIMA_CODE_UNKNOWN,
                     "%s: %s without a word; run `wsl --version` in a terminal to see whether WSL works",
                     failure->what, exit_words(failure, code));
    if (err)
        err->os_code = (int)code->value;
}

bool lima_wsl2_failed(const wsl2_failure *failure, wsl2_trouble *ret_trouble, bool *ret_retryable,
                      lima_err *err)
{
    wsl2_error_code code = {0};
    if (!failure->out || !lima_wsl2_error_code_find(failure->out, &code))
        lima_wsl2_error_code_find(failure->err_out ? failure->err_out : "", &code);
    char *said = said_on_both(failure, code.whole);
    fill(failure, &code, said, err);
    if (ret_trouble)
        *ret_trouble = code.row ? code.row->trouble : WSL2_TROUBLE_OTHER;
    if (ret_retryable)
        *ret_retryable = code.row && code.row->retryable;
    free(said);
    return false;
}
