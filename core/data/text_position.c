#include "text_position.h"

text_position text_position_of(const char *text, size_t offset)
{
    text_position at = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n')
            at = (text_position){at.line + 1, 1};
        else if ((text[i] & 0xC0) != 0x80) /* not inside a character */
            at.column++;
    }
    return at;
}
