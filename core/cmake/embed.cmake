# cmake -DIN=file -DOUT=file.h -DNAME=symbol -P embed.cmake: a file's bytes as a C array.
file(READ "${IN}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUT}" "static const unsigned char ${NAME}[] = {\n${bytes}\n};\nenum { ${NAME}_len = ${size} };\n")
