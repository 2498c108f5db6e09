# cmake -DARCHIVES=a;b;c -DOUT=… -DAR= -DRANLIB= -DOBJCOPY= -P sdk.cmake: several archives as one, of plain machine code
# (the fat objects of an LTO build carry this compiler's own format as well, which another compiler stumbles over).
set(script "CREATE ${OUT}.tmp\n")
set(number 0)
foreach(archive ${ARCHIVES})
    math(EXPR number "${number} + 1")
    set(plain "${OUT}.${number}.a")
    execute_process(COMMAND "${OBJCOPY}" --wildcard --remove-section=.gnu.lto_* --remove-section=.gnu.debuglto_*
        --strip-symbol=__gnu_lto_slim --strip-debug "${archive}" "${plain}" COMMAND_ERROR_IS_FATAL ANY)
    list(APPEND plains "${plain}")
    string(APPEND script "ADDLIB ${plain}\n")
endforeach()
string(APPEND script "SAVE\nEND\n")
file(WRITE "${OUT}.mri" "${script}")
file(REMOVE "${OUT}.tmp")
execute_process(COMMAND "${AR}" -M INPUT_FILE "${OUT}.mri" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${RANLIB}" "${OUT}.tmp" COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${OUT}.tmp" "${OUT}")
file(REMOVE ${plains} "${OUT}.mri")
